"""Who cancels from outside is not mistaken.

It depends on real time.
"""

import asyncio


async def ending(name, x):
    try:
        print(name, "got", await x)
    except asyncio.CancelledError as e:
        print(name, "CancelledError", *e.args)
    except Exception as e:
        print(name, type(e).__name__, e)


async def inside(limit, swallows):
    try:
        async with asyncio.timeout(limit) as scope:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError as e:
                print("interrupted", *e.args, scope.expired())
                if not swallows:
                    raise
    except TimeoutError:
        print("timeout")
    print("left", scope.expired(), asyncio.current_task().cancelling())


async def main():
    for limit in (3600, 0.003):
        for swallows in (False, True):
            task = asyncio.create_task(inside(limit, swallows))
            await asyncio.sleep(0)
            if limit == 3600:
                task.cancel("outside")
            await ending("task", task)
            print(task.cancelled())


asyncio.run(main())
