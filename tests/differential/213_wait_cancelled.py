"""A cancelled wait leaves its tasks alone."""

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


async def waits(tasks):
    try:
        await asyncio.wait(tasks)
    except asyncio.CancelledError as e:
        print("wait cancelled", *e.args)
        raise


async def main():
    ticks = asyncio.create_task(ticker(7))
    a = asyncio.create_task(work("a", 4))
    waiter = asyncio.create_task(waits([a]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(waiter.cancel("no"), a.cancelling())
    await ending("waiter", waiter)
    print(await a)
    await ticks


asyncio.run(main())
