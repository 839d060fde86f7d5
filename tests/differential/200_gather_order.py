"""gather begins in order, and ends a turn after the last child."""

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
    print(await asyncio.gather(work("a", 3), work("b", 1), work("c", 5)))
    print("after")
    await ticks


asyncio.run(main())
