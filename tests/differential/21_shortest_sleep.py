"""A sleep takes one turn more than sleep(0): the timer, then the task."""

import asyncio


async def child(name, delays):
    for delay in delays:
        await asyncio.sleep(delay)
        print(name, "after", "a turn" if delay == 0 else "a timer")


async def main():
    loop = asyncio.get_running_loop()
    a = asyncio.create_task(child("a", [1e-9, 0, 1e-9]))
    b = asyncio.create_task(child("b", [0, 1e-9, 0, 0]))
    c = asyncio.create_task(child("c", [0, 0, 0, 0, 0, 0]))
    for turn in range(7):
        print("turn", turn)
        loop.call_soon(print, "soon", turn)
        await asyncio.sleep(0)
    print(a.done(), b.done(), c.done())


asyncio.run(main())
