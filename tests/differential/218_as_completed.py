"""Results in the order of completion."""

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
    tasks = [asyncio.create_task(work(n, k)) for n, k in
             (("a", 5), ("b", 1), ("c", 3), ("d", 2))]
    for following in asyncio.as_completed(tasks):
        print("got", await following)
    print("end")
    await ticks


asyncio.run(main())
