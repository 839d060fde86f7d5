"""A cancellation between the end and the wake-up."""

import asyncio


async def ending(name, x):
    try:
        print(name, "got", await x)
    except asyncio.CancelledError as e:
        print(name, "CancelledError", *e.args)
    except Exception as e:
        print(name, type(e).__name__, e)


async def waits(tasks):
    try:
        done, pending = await asyncio.wait(tasks)
        print("wait got", len(done))
    except asyncio.CancelledError:
        print("wait cancelled")


async def main():
    loop = asyncio.get_running_loop()
    for turns in range(4):
        future = loop.create_future()
        waiter = asyncio.create_task(waits([future]))
        await asyncio.sleep(0)
        future.set_result(1)
        for _ in range(turns):
            await asyncio.sleep(0)
        print(turns, waiter.cancel())
        await ending("waiter", waiter)


asyncio.run(main())
