"""Groups in groups."""

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
        async with asyncio.TaskGroup() as outer:
            outer.create_task(work("a", 3, True))
            try:
                async with asyncio.TaskGroup() as inner:
                    inner.create_task(work("b", 9))
            except asyncio.CancelledError:
                print("inner cancelled")
                raise
    except ExceptionGroup as e:
        print([str(x) for x in e.exceptions])
    try:
        async with asyncio.TaskGroup() as outer:
            outer.create_task(work("c", 5))
            async with asyncio.TaskGroup() as inner:
                inner.create_task(work("d", 1, True))
    except ExceptionGroup as e:
        inner = e.exceptions[0]
        print(len(e.exceptions), [str(x) for x in inner.exceptions])
    await ticks


asyncio.run(main())
