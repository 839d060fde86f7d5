"""Children do not end with their maker; it may be cancelled by a child."""

import asyncio


async def child(name, maker, steps):
    for step in range(steps):
        await asyncio.sleep(0)
        print(name, step)
    if maker:
        print(name, "cancels its maker", maker[0].cancel(name))
    await asyncio.sleep(0)
    print(name, "ends")


async def maker():
    me = [asyncio.current_task()]
    asyncio.create_task(child("a", None, 4))
    b = asyncio.create_task(child("b", me, 1))
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as e:
        print("maker cancelled by", *e.args)
    await b
    return "made"


async def main():
    print(await asyncio.create_task(maker()))
    print("left", len(asyncio.all_tasks()))
    for _ in range(3):
        await asyncio.sleep(0)
    print("left", len(asyncio.all_tasks()))


asyncio.run(main())
