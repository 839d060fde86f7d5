"""A shield keeps a cancellation out."""

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
    inner = asyncio.create_task(work("a", 5))
    waits = asyncio.create_task(ending("waits", asyncio.shield(inner)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(waits.cancel("no"), inner.cancelling())
    await waits
    print(inner.done())
    print(await inner)
    outer = asyncio.shield(work("b", 3))
    print(outer.cancel(), outer.cancelled(), outer.cancel())
    await ticks


asyncio.run(main())
