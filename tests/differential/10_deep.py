"""A chain of 100 coroutines is one task, and yields go through all."""

import asyncio


async def link(n):
    if n == 0:
        print("tasks", len(asyncio.all_tasks()))
        await asyncio.sleep(0)
        print("bottom", asyncio.current_task().get_name())
        return 1
    value = await link(n - 1)
    if n % 25 == 0:
        print("at", n)
        await asyncio.sleep(0)
    return value + 1


async def ticker():
    for step in range(7):
        print("tick", step)
        await asyncio.sleep(0)


async def main():
    task = asyncio.create_task(link(100), name="chain")
    ticks = asyncio.create_task(ticker())
    print("value", await task)
    await ticks


asyncio.run(main())
