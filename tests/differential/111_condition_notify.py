"""Notified one, two and all: each goes on when the lock is free."""

import asyncio


async def consumer(condition, n):
    async with condition:
        print("consumer", n, "is waiting")
        await condition.wait()
        print("consumer", n, "triggered")
    print("ending consumer", n)


async def manipulate(condition):
    print("starting manipulate")
    await asyncio.sleep(0.001)
    for i in range(1, 3):
        async with condition:
            print("notifying", i, "consumers")
            condition.notify(n=i)
        await asyncio.sleep(0.001)
    async with condition:
        print("notifying remaining consumers")
        condition.notify_all()
    print("ending manipulate")


async def main():
    condition = asyncio.Condition()
    tasks = [asyncio.create_task(consumer(condition, i)) for i in range(5)]
    asyncio.create_task(manipulate(condition))
    for task in tasks:
        await task


asyncio.run(main())
