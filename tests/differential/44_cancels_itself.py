"""A task that cancels itself: the next await that suspends is cut."""

import asyncio


def me():
    return asyncio.current_task()


async def returns():
    me().cancel("self")
    return 1


async def raises():
    me().cancel("self")
    raise ValueError("instead")


async def ready_first(ready):
    me().cancel("self")
    print("ready", await ready)
    try:
        await asyncio.sleep(0)
        print("not cut")
    except asyncio.CancelledError as e:
        print("cut", *e.args)
        raise


async def pending(future):
    me().cancel("self")
    try:
        await future
    except asyncio.CancelledError as e:
        print("cut", *e.args, future.cancelled())
    return 2


async def sleeps(delay):
    me().cancel("one")
    me().cancel("two")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError as e:
        print("cut", *e.args, me().cancelling())
    await asyncio.sleep(0)
    return 3


async def other(task):
    me().cancel("self")
    try:
        await task
    except asyncio.CancelledError as e:
        print("cut", *e.args, task.cancelled())
    return 4


async def long():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as e:
        print("long is cut", *e.args)
        raise


async def main():
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    ready.set_result("value")
    bodies = {
        "returns": returns(),
        "raises": raises(),
        "ready": ready_first(ready),
        "pending": pending(loop.create_future()),
        "zero": sleeps(0),
        "hour": sleeps(3600),
        "other": other(asyncio.create_task(long())),
    }
    for name, body in bodies.items():
        task = asyncio.create_task(body)
        loop.call_soon(print, name, "soon")
        while not task.done():
            print(name, "turn")
            await asyncio.sleep(0)
        try:
            print(name, "returned", await task)
        except asyncio.CancelledError as e:
            print(name, "was cancelled", *e.args)
        except ValueError as e:
            print(name, "failed", e)
        print(task.cancelled(), task.cancelling())


asyncio.run(main())
