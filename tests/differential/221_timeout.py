"""The time of a body is over.

It depends on real time.
"""

import asyncio


async def ticker(n):
    for i in range(n):
        print("turn", i)
        await asyncio.sleep(0)


async def main():
    try:
        async with asyncio.timeout(0.005) as scope:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                print("inside", scope.expired(),
                      asyncio.current_task().cancelling())
                raise
    except TimeoutError:
        print("timeout", scope.expired(), asyncio.current_task().cancelling())
    async with asyncio.timeout(3600) as scope:
        await asyncio.sleep(0)
    print("in time", scope.expired())
    async with asyncio.timeout(None) as scope:
        print(scope.when() is None)
        await asyncio.sleep(0)
    ticks = asyncio.create_task(ticker(4))
    for limit in (0, -1):
        try:
            async with asyncio.timeout(limit):
                await asyncio.sleep(0)
                print("never")
        except TimeoutError:
            print("no time")
        async with asyncio.timeout(limit) as scope:
            print("nothing awaited")
        print(scope.expired())
    await ticks


asyncio.run(main())
