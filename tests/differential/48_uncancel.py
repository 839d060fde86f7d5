"""cancelling() counts cancel(), uncancel() takes one back."""

import asyncio


async def child():
    me = asyncio.current_task()
    print("at first", me.cancelling(), me.uncancel())
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("caught", me.cancelling())
    print("uncancel", me.uncancel(), me.cancelling())
    await asyncio.sleep(0)
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("caught again", me.cancelling())
    print("uncancel", me.uncancel())
    print("uncancel", me.uncancel())
    print("uncancel", me.uncancel())
    await asyncio.sleep(0)
    return "fine"


async def main():
    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel()
    print("main", task.cancelling())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    task.cancel()
    print("main", task.cancelling())
    print(await task, task.cancelling(), task.cancelled())
    print(task.cancel(), task.cancelling())


asyncio.run(main())
