"""An error that nobody read is told to the handler; one that was, is not."""

import asyncio


async def fails(text):
    await asyncio.sleep(0)
    raise ValueError(text)


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda loop, context: print("handler:", context["exception"]))
    asyncio.create_task(fails("a task nobody read"))
    kept = asyncio.create_task(fails("read later"))
    awaited = asyncio.create_task(fails("awaited"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("turn")
    await asyncio.sleep(0)
    print("read:", kept.exception())
    del kept
    try:
        await awaited
    except ValueError as e:
        print("caught", e)
    del awaited
    future = loop.create_future()
    future.set_exception(ValueError("a future nobody read"))
    print("drop")
    del future
    print("dropped")
    future = loop.create_future()
    future.set_exception(ValueError("silenced"))
    future.cancel()
    future.exception()
    del future
    print("end")


asyncio.run(main())
