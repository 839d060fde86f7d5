"""Cancelling a gather reaches all children."""

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


async def ending(name, x):
    try:
        print(name, "got", await x)
    except asyncio.CancelledError as e:
        print(name, "CancelledError", *e.args)
    except Exception as e:
        print(name, type(e).__name__, e)


async def main():
    ticks = asyncio.create_task(ticker(8))
    a = asyncio.create_task(work("a", 9))
    b = asyncio.create_task(work("b", 2))
    c = asyncio.create_task(work("c", 9))
    group = asyncio.gather(a, b, c)
    waits = asyncio.create_task(ending("waits", group))
    for _ in range(4):
        await asyncio.sleep(0)
    print(group.cancel("stop"), group.done(), group.cancel("again"))
    await waits
    print(group.done(), group.cancelled(), group.cancel())
    print(a.cancelled(), b.cancelled(), c.cancelled())
    await ticks


asyncio.run(main())
