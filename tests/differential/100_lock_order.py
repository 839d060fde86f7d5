"""Visitors of a lock, one of them cancelled in line."""

import asyncio


async def visitor(name, lock, visits, stay):
    for visit in range(visits):
        async with lock:
            print(name, "in", visit)
            for _ in range(stay):
                await asyncio.sleep(0)
            print(name, "out", visit)


async def main():
    lock = asyncio.Lock()
    tasks = [asyncio.create_task(visitor(name, lock, visits, stay))
             for name, visits, stay in
             (("a", 3, 1), ("b", 2, 2), ("c", 1, 0), ("d", 2, 0))]
    for _ in range(4):
        await asyncio.sleep(0)
    print("cancel c", tasks[2].cancel())
    for task in tasks:
        try:
            await task
            print("main")
        except asyncio.CancelledError:
            print("main: cancelled")


asyncio.run(main())
