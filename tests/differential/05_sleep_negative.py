"""sleep(0) and sleep(-1) are one turn each; two turns are two."""

import asyncio


async def child(name, delays):
    for delay in delays:
        await asyncio.sleep(delay)
        print(name, delay)


async def main():
    a = asyncio.create_task(child("a", [0, -1, 0]))
    b = asyncio.create_task(child("b", [-1, -5]))
    c = asyncio.create_task(child("c", [0, 0, 0, -2]))
    await c
    print(a.done(), b.done(), c.done())


asyncio.run(main())
