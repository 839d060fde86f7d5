"""Cancelled while it waits, and when it was woken."""

import asyncio


async def wait(name, event):
    try:
        await event.wait()
        print(name, "passes")
    except asyncio.CancelledError:
        print(name, "is cancelled")
        raise


async def main():
    event = asyncio.Event()
    tasks = [asyncio.create_task(wait(name, event)) for name in "abcd"]
    await asyncio.sleep(0)
    tasks[1].cancel()
    event.set()
    tasks[2].cancel()
    print("set")
    for task in tasks:
        try:
            await task
            print("done")
        except asyncio.CancelledError:
            print("cancelled")


asyncio.run(main())
