"""Five philosophers who take the lower fork first."""

import asyncio


async def dine(i, forks, meals):
    low, high = sorted((i, (i + 1) % 5))
    for meal in range(meals):
        async with forks[low]:
            await asyncio.sleep(0)
            async with forks[high]:
                print("philosopher", i, "eats", meal)
                await asyncio.sleep(0)
    print("philosopher", i, "leaves")


async def main():
    forks = [asyncio.Lock() for _ in range(5)]
    tasks = [asyncio.create_task(dine(i, forks, 3)) for i in range(5)]
    for task in tasks:
        await task


asyncio.run(main())
