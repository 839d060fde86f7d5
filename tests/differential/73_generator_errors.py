"""Errors and cancellations inside a generator."""

import asyncio


async def fails(n):
    for i in range(n):
        yield i
        await asyncio.sleep(0)
    raise ValueError("generator")


async def waits():
    try:
        yield "first"
        await asyncio.sleep(3600)
        yield "never"
    except asyncio.CancelledError as e:
        print("generator cancelled", *e.args)
        raise
    finally:
        print("generator leaves")


async def reader():
    try:
        async for text in waits():
            print("reader got", text)
    except asyncio.CancelledError:
        print("reader cancelled")
        raise


async def main():
    source = fails(2)
    try:
        async for i in source:
            print("main got", i)
    except ValueError as e:
        print("main caught", e)
    async for i in source:
        print("never", i)
    print("it has ended")
    task = asyncio.create_task(reader())
    await asyncio.sleep(0)
    task.cancel("from main")
    try:
        await task
    except asyncio.CancelledError:
        print(task.cancelled())


asyncio.run(main())
