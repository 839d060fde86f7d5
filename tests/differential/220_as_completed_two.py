"""Two who wait, one who leaves."""

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


async def ending(name, x):
    try:
        print(name, "got", await x)
    except asyncio.CancelledError as e:
        print(name, "CancelledError", *e.args)
    except Exception as e:
        print(name, type(e).__name__, e)


async def main():
    ticks = asyncio.create_task(ticker(8))
    tasks = [asyncio.create_task(work(n, k)) for n, k in
             (("a", 5), ("b", 3))]
    line = asyncio.as_completed(tasks)
    first, second = next(line), next(line)
    one = asyncio.create_task(ending("one", first))
    two = asyncio.create_task(ending("two", second))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    one.cancel("leave")
    await one
    await two
    await ticks


asyncio.run(main())
