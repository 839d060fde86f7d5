"""What one run of a runner leaves goes on in the next, and ends with it."""

import asyncio


async def background(name, turns):
    try:
        for turn in range(turns):
            print(name, turn)
            await asyncio.sleep(0)
        print(name, "ends")
    except asyncio.CancelledError:
        print(name, "cancelled at the end")
        raise


async def first():
    asyncio.create_task(background("short", 4))
    asyncio.create_task(background("long", 99))
    await asyncio.sleep(0)
    print("first ends")
    return "one"


async def second():
    print("second begins with", len(asyncio.all_tasks()))
    for _ in range(4):
        await asyncio.sleep(0)
    print("second ends with", len(asyncio.all_tasks()))
    return "two"


async def fails():
    await asyncio.sleep(0)
    raise ValueError("third")


with asyncio.Runner() as runner:
    print(runner.run(first()))
    print("between")
    print(runner.run(second()))
    try:
        runner.run(fails())
    except ValueError as e:
        print("caught", e)
    print("close")
print("closed")
