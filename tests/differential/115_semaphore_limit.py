"""No more than three at a time."""

import asyncio


async def work(name, permits, steps, inside):
    async with permits:
        inside.append(name)
        print(name, "in", *inside)
        for _ in range(steps):
            await asyncio.sleep(0)
        inside.remove(name)
        print(name, "out", permits.locked())


async def main():
    permits = asyncio.Semaphore(3)
    inside = []
    tasks = [asyncio.create_task(work(name, permits, steps, inside))
             for name, steps in zip("abcdefgh", (3, 1, 4, 1, 5, 2, 2, 3))]
    for task in tasks:
        await task
    print(permits.locked())


asyncio.run(main())
