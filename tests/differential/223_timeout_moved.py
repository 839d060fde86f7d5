"""A deadline that is moved.

It depends on real time.
"""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(3600) as scope:
            scope.reschedule(loop.time() - 1)
            print(scope.expired())
            await asyncio.sleep(3600)
    except TimeoutError:
        print("moved to the past")
    async with asyncio.timeout(0.003) as scope:
        scope.reschedule(None)
        print(scope.when() is None)
        await asyncio.sleep(0.006)
    print("no deadline", scope.expired())
    try:
        scope.reschedule(loop.time())
    except RuntimeError:
        print("too late")
    try:
        async with asyncio.timeout(3600) as scope:
            loop.call_soon(lambda: scope.reschedule(loop.time()))
            await asyncio.sleep(3600)
    except TimeoutError:
        print("moved by a callback")


asyncio.run(main())
