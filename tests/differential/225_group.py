"""A group waits for its children."""

import asyncio


async def ticker(n):
    for i in range(n):
        print("turn", i)
        await asyncio.sleep(0)


async def work(name, turns, fails=False):
    print(name, "begins")
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        if fails:
            raise ValueError(name)
        print(name, "ends")
        return name
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)
        raise


async def main():
    ticks = asyncio.create_task(ticker(9))
    async with asyncio.TaskGroup() as group:
        a = group.create_task(work("a", 3))
        b = group.create_task(work("b", 1))
        print("body ends")
    print("left", a.result(), b.result())
    async with asyncio.TaskGroup() as group:
        print("empty")
    async with asyncio.TaskGroup() as group:
        c = group.create_task(work("c", 9))
        d = group.create_task(work("d", 1))
        print(await d)
        c.cancel("only c")
    print("left", c.cancelled())
    await ticks


asyncio.run(main())
