"""Many visitors with steps from a random sequence."""

import asyncio


def numbers(seed):
    while True:
        seed = (seed * 1103515245 + 12345) % 2147483648
        yield seed // 65536


async def visitor(name, lock, random):
    for visit in range(5):
        for _ in range(next(random) % 4):
            await asyncio.sleep(0)
        async with lock:
            print(name, visit, next(random) % 100)
            for _ in range(next(random) % 3):
                await asyncio.sleep(0)


async def main():
    for seed in range(1, 6):
        lock = asyncio.Lock()
        random = numbers(seed)
        tasks = [asyncio.create_task(visitor(name, lock, random))
                 for name in "abcdef"]
        for task in tasks:
            await task
        print("seed", seed, lock.locked())


asyncio.run(main())
