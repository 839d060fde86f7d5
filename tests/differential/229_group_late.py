"""Children of children, and those that come too late."""

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


async def spawns(group, depth):
    print("depth", depth)
    await asyncio.sleep(0)
    if depth:
        group.create_task(spawns(group, depth - 1))


async def late(group):
    coroutine = work("never", 1)
    try:
        group.create_task(coroutine)
    except RuntimeError:
        coroutine.close()
        print("refused")


async def main():
    ticks = asyncio.create_task(ticker(9))
    async with asyncio.TaskGroup() as group:
        group.create_task(spawns(group, 3))
    print("left")
    await late(group)
    await late(asyncio.TaskGroup())
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("a", 1, True))
            try:
                await asyncio.sleep(3600)
            finally:
                await late(group)
    except ExceptionGroup as e:
        print(len(e.exceptions))
    await ticks


asyncio.run(main())
