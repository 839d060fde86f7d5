"""A cancelled sleep ends at once; a sleep(0) in its own turn."""

import asyncio


async def sleeper(name, delay):
    try:
        print(name, "sleeps")
        await asyncio.sleep(delay)
        print(name, "wakes")
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)
        raise
    finally:
        print(name, "leaves")


async def main():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(sleeper(f"s{i}", delay), name=f"s{i}")
             for i, delay in enumerate((3600, 0, 1e-9, 3600, 0))]
    await asyncio.sleep(0)
    loop.call_soon(print, "soon 1")
    for task in reversed(tasks):
        print(task.get_name(), task.cancel("stop"))
    loop.call_soon(print, "soon 2")
    for turn in range(3):
        print("turn", turn, [t.done() for t in tasks].count(True))
        await asyncio.sleep(0)
    print([t.cancelled() for t in tasks].count(True))


asyncio.run(main())
