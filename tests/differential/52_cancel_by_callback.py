"""Callbacks and timers that cancel tasks."""

import asyncio


async def child(name, steps):
    try:
        for step in range(steps):
            print(name, step)
            await asyncio.sleep(0)
        await asyncio.sleep(3600)
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)


async def main():
    loop = asyncio.get_running_loop()
    a = asyncio.create_task(child("a", 2))
    loop.call_soon(a.cancel, "after a step")
    b = asyncio.create_task(child("b", 0))
    loop.call_soon(b.cancel, "soon")
    c = asyncio.create_task(child("c", 9))
    loop.call_later(-1, c.cancel, "timer")
    d = asyncio.create_task(child("d", 1))
    loop.call_soon(loop.call_soon, d.cancel, "two turns")
    for task in (a, b, c, d):
        await task
        print("main")


asyncio.run(main())
