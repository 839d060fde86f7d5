"""Cancelling one of several who await a future cancels it for all."""

import asyncio


async def waiter(name, future):
    try:
        print(name, "got", await future)
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args, asyncio.current_task().cancelling())
        raise
    finally:
        print(name, "leaves")


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    tasks = [asyncio.create_task(waiter(f"w{i}", future)) for i in range(4)]
    await asyncio.sleep(0)
    loop.call_soon(print, "soon")
    tasks[2].cancel("w2 goes")
    print(future.cancelled(), [t.cancelling() for t in tasks].count(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print([t.cancelled() for t in tasks].count(True))

    shared = asyncio.create_task(asyncio.sleep(3600, "slept"))
    tasks = [asyncio.create_task(waiter(f"t{i}", shared)) for i in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print(tasks[0].cancel(), shared.cancelled(), shared.cancelling())
    for turn in range(4):
        print("turn", turn, shared.cancelled())
        await asyncio.sleep(0)
    print([t.cancelled() for t in tasks].count(True))


asyncio.run(main())
