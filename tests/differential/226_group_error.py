"""An error ends a group."""

import asyncio


async def ticker(n):
    for i in range(n):
        print("turn", i)
        await asyncio.sleep(0)


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


async def main():
    ticks = asyncio.create_task(ticker(9))
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("a", 9))
            group.create_task(work("b", 2, True))
            group.create_task(work("c", 2, True))
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError as e:
                print("body cancelled", *e.args)
                raise
    except ExceptionGroup as e:
        print(e.args[0], [str(x) for x in e.exceptions])
    print(asyncio.current_task().cancelling())
    try:
        async with asyncio.TaskGroup() as group:
            d = group.create_task(work("d", 9))
            raise ValueError("body")
    except ExceptionGroup as e:
        print([str(x) for x in e.exceptions], d.cancelled())
    await ticks


asyncio.run(main())
