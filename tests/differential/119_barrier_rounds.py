"""Three meet, round after round."""

import asyncio


async def walk(name, barrier, rounds, steps):
    for i in range(rounds):
        for _ in range(steps):
            await asyncio.sleep(0)
        print(name, "arrives", i, barrier.n_waiting)
        place = await barrier.wait()
        print(name, "leaves", i, place)


async def main():
    barrier = asyncio.Barrier(3)
    print(barrier.parties, barrier.n_waiting, barrier.broken)
    tasks = [asyncio.create_task(walk(name, barrier, 3, steps))
             for name, steps in (("a", 1), ("b", 3), ("c", 5))]
    for task in tasks:
        await task
    print(barrier.n_waiting, barrier.broken)


asyncio.run(main())
