"""The first error ends a gather; the others run on."""

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
        await asyncio.gather(work("a", 6), work("b", 2, True),
                             work("c", 3, True))
    except ValueError as e:
        print("error", e)
    await ticks


asyncio.run(main())
