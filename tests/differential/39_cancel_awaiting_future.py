"""Cancelling a task cancels the future that it awaits, at once."""

import asyncio


async def waiter(name, future):
    try:
        await future
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)
        raise


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    task = asyncio.create_task(waiter("w", future))
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: print("future", f.cancelled()))
    loop.call_soon(print, "soon 1")
    print(task.cancel("by main"), future.cancelled(), task.done())
    loop.call_soon(print, "soon 2")
    for turn in range(3):
        print("turn", turn, task.done())
        await asyncio.sleep(0)
    print(task.cancelled(), task.cancelling())
    try:
        future.set_result(1)
    except asyncio.InvalidStateError:
        print("invalid state")


asyncio.run(main())
