"""A shield passes the result on, a turn later."""

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
    inner = asyncio.create_task(work("a", 2))
    outer = asyncio.shield(inner)
    waits = asyncio.create_task(ending("inner", inner))
    print(outer is inner, await outer)
    await waits
    print(asyncio.shield(inner) is inner)
    await ending("b", asyncio.shield(work("b", 1, True)))
    await ticks


asyncio.run(main())
