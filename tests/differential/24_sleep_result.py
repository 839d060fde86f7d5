"""sleep gives its result back."""

import asyncio


async def child(name):
    value = await asyncio.sleep(0, name + " zero")
    print(value)
    value = await asyncio.sleep(1e-9, name + " short")
    print(value)
    return len(value)


async def main():
    a = asyncio.create_task(child("a"))
    b = asyncio.create_task(child("bb"))
    print(await a, await b)


asyncio.run(main())
