"""A cancelled parent."""

import asyncio


async def work(name, turns, fails=False):
    print(name, "begins")
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        if fails:
            raise ValueError(name)
        print(name, "ends")
        return name
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)
        raise


async def parent(turns, fails):
    async with asyncio.TaskGroup() as group:
        group.create_task(work("a", 9))
        group.create_task(cleans(fails))
        for _ in range(turns):
            await asyncio.sleep(0)
        print("body ends")


async def cleans(fails):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("cleans")
        await asyncio.sleep(0)
        if fails:
            raise ValueError("cleaning")
        raise


async def main():
    for turns in (0, 9):
        for fails in (False, True):
            task = asyncio.create_task(parent(turns, fails))
            for _ in range(4):
                await asyncio.sleep(0)
            task.cancel("parent")
            try:
                await task
            except asyncio.CancelledError as e:
                print("cancelled", task.cancelled())
            except ExceptionGroup as e:
                print([str(x) for x in e.exceptions])


asyncio.run(main())
