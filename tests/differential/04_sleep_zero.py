"""Tasks that yield different numbers of times take turns."""

import asyncio


async def child(name, steps):
    for step in range(steps):
        print(name, step)
        await asyncio.sleep(0)
    print(name, "ends")
    return steps


async def main():
    plan = {"a": 3, "b": 0, "c": 5, "d": 1, "e": 4}
    tasks = [asyncio.create_task(child(*item)) for item in plan.items()]
    total = 0
    for task in reversed(tasks):
        total += await task
        print("main has", total)


asyncio.run(main())
