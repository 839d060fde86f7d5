"""Reset and abort send away who waits."""

import asyncio


async def meet(name, barrier):
    try:
        print(name, "place", await barrier.wait())
    except asyncio.BrokenBarrierError:
        print(name, "broken", barrier.broken)


async def main():
    barrier = asyncio.Barrier(3)
    for end in "reset", "abort":
        tasks = [asyncio.create_task(meet(name, barrier)) for name in "ab"]
        await asyncio.sleep(0)
        print("waiting", barrier.n_waiting)
        if end == "reset":
            await barrier.reset()
        else:
            await barrier.abort()
        print(end, barrier.n_waiting, barrier.broken)
        for task in tasks:
            await task
    await meet("c", barrier)
    await barrier.reset()
    tasks = [asyncio.create_task(meet(name, barrier)) for name in "def"]
    for task in tasks:
        await task
    print(barrier.broken)


asyncio.run(main())
