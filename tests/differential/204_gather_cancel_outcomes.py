"""A cancelled gather of outcomes is cancelled."""

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


async def stubborn(name):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as e:
        print(name, "cleans", *e.args)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return name


async def main():
    ticks = asyncio.create_task(ticker(8))
    group = asyncio.gather(stubborn("a"), work("b", 9), stubborn("c"),
                           return_exceptions=True)
    waits = asyncio.create_task(ending("waits", group))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(waits.cancel("stop"), waits.cancelling())
    await waits
    print(group.cancelled())
    await ticks


asyncio.run(main())
