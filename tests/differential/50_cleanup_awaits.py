"""Clean-up that awaits: others run meanwhile; it can be cancelled, too."""

import asyncio


async def careful(name, turns):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as e:
        print(name, "cleans up", *e.args)
        try:
            for turn in range(turns):
                await asyncio.sleep(0)
                print(name, "clean", turn)
        except asyncio.CancelledError as e:
            print(name, "clean-up is cut", *e.args)
            raise
        print(name, "is clean")
        raise


async def main():
    a = asyncio.create_task(careful("a", 3))
    b = asyncio.create_task(careful("b", 5))
    await asyncio.sleep(0)
    a.cancel("first")
    b.cancel("first")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("main cancels b again")
    b.cancel("second")
    for task in (b, a):
        try:
            await task
        except asyncio.CancelledError as e:
            print("main", *e.args, task.cancelling())


asyncio.run(main())
