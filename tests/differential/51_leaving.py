"""Scopes are left from the inside when a task is cancelled."""

import asyncio


async def inner(name):
    try:
        try:
            await asyncio.sleep(3600)
        finally:
            print(name, "leaves the try")
    finally:
        print(name, "leaves inner")


async def outer(name):
    try:
        await inner(name)
    finally:
        print(name, "leaves outer")


async def main():
    tasks = [asyncio.create_task(outer(name)) for name in "abc"]
    tasks[1].add_done_callback(lambda t: print("b is done"))
    await asyncio.sleep(0)
    for task in reversed(tasks):
        task.cancel()
    for task in tasks:
        try:
            await task
        except asyncio.CancelledError:
            print("main")


asyncio.run(main())
