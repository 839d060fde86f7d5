"""Gathers of gathers."""

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
    ticks = asyncio.create_task(ticker(7))
    inner = asyncio.gather(work("a", 1), work("b", 2))
    outer = asyncio.gather(inner, work("c", 3))
    print(await outer)
    inner = asyncio.gather(work("d", 9), work("e", 9))
    outer = asyncio.gather(inner, work("f", 9))
    await asyncio.sleep(0)
    print(outer.cancel("all"))
    await ending("outer", outer)
    await ending("inner", inner)
    await ticks


asyncio.run(main())
