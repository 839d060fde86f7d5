"""A cancelled task leaves, the others wait for one more."""

import asyncio


async def meet(name, barrier):
    try:
        await barrier.wait()
        print(name, "met")
    except asyncio.CancelledError:
        print(name, "is cancelled")


async def main():
    barrier = asyncio.Barrier(3)
    tasks = [asyncio.create_task(meet(name, barrier)) for name in "ab"]
    await asyncio.sleep(0)
    print(barrier.n_waiting)
    tasks[0].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(barrier.n_waiting, barrier.broken)
    tasks += [asyncio.create_task(meet(name, barrier)) for name in "cd"]
    for task in tasks:
        await task
    print(barrier.n_waiting, barrier.broken)


asyncio.run(main())
