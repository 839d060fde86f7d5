"""A task that awaits one that swallows its cancellation just goes on."""

import asyncio


async def inner(future):
    try:
        await future
    except asyncio.CancelledError:
        print("inner swallows")
    await asyncio.sleep(0)
    return "inner's value"


async def outer(task):
    print("outer got", await task, asyncio.current_task().cancelling())
    try:
        await asyncio.sleep(0)
        print("outer is not cancelled")
    except asyncio.CancelledError:
        print("outer is cancelled")
    return "outer's value"


async def main():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(inner(future))
    b = asyncio.create_task(outer(a))
    await asyncio.sleep(0)
    print(b.cancel(), a.cancelling(), b.cancelling())
    print(await b, b.cancelled(), a.result())


asyncio.run(main())
