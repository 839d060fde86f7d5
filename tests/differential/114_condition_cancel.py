"""A cancelled wait has the lock when it ends."""

import asyncio


async def wait(name, condition):
    async with condition:
        try:
            await condition.wait()
            print(name, "is woken")
        except asyncio.CancelledError as e:
            print(name, "is cancelled", *e.args, condition.locked())
            raise
    print(name, "leaves")


async def main():
    condition = asyncio.Condition()
    task = asyncio.create_task(wait("a", condition))
    await asyncio.sleep(0)
    task.cancel("first")
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    task = asyncio.create_task(wait("b", condition))
    await asyncio.sleep(0)
    async with condition:
        task.cancel("second")
        for turn in range(3):
            await asyncio.sleep(0)
            print("turn", turn, task.done())
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled", condition.locked())
    for what in condition.notify, condition.notify_all:
        try:
            what()
        except RuntimeError:
            print("not without the lock")
    try:
        await condition.wait()
    except RuntimeError:
        print("not without the lock")


asyncio.run(main())
