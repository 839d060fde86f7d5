"""A sleep that is cancelled in the turn in which it is over."""

import asyncio


async def sleeper(name):
    try:
        await asyncio.sleep(1e-9)
        print(name, "slept")
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args, asyncio.current_task().cancelling())
        raise


async def main():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(sleeper(f"s{i}")) for i in range(3)]
    await asyncio.sleep(0)
    # The timers are moved behind this in the next turn.
    loop.call_soon(lambda: print(tasks[1].cancel("one"),
                                 tasks[1].cancel("two")))
    loop.call_soon(lambda: loop.call_soon(print, "soon"))
    for turn in range(4):
        print("turn", turn, [t.done() for t in tasks].count(True))
        await asyncio.sleep(0)
    print([t.cancelled() for t in tasks])


asyncio.run(main())
