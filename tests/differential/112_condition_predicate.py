"""wait_for goes on when its predicate is true."""

import asyncio


async def wait(name, condition, numbers, least):
    async with condition:
        result = await condition.wait_for(
            lambda: sum(numbers) if sum(numbers) >= least else 0)
        print(name, "sees", result)


async def main():
    condition = asyncio.Condition()
    numbers = []
    tasks = [asyncio.create_task(wait(name, condition, numbers, least))
             for name, least in (("a", 5), ("b", 1), ("c", 9))]
    for i in range(1, 5):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        async with condition:
            numbers.append(i)
            print("added", i)
            condition.notify_all()
    for task in tasks:
        await task
    print(condition.locked())


asyncio.run(main())
