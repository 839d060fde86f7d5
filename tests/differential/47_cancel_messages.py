"""The message of a cancellation reaches who awaits the task."""

import asyncio


async def inner():
    await asyncio.sleep(3600)


async def middle():
    try:
        await inner()
    except asyncio.CancelledError as e:
        print("middle", *e.args)
        raise


async def renamed():
    try:
        await inner()
    except asyncio.CancelledError as e:
        raise asyncio.CancelledError("renamed, was " + e.args[0]) from None


async def main():
    for body, message in ((inner, "m1"), (middle, "m2"), (renamed, "m3"),
                          (middle, None)):
        task = asyncio.create_task(body())
        await asyncio.sleep(0)
        if message:
            task.cancel(message)
        else:
            task.cancel()
        try:
            await task
        except asyncio.CancelledError as e:
            print("main", *e.args)
    task = asyncio.create_task(inner())
    await asyncio.sleep(0)
    task.cancel("read")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    try:
        task.result()
    except asyncio.CancelledError as e:
        print("result()", *e.args)
    task = asyncio.create_task(inner())
    task.cancel("read, too")
    await asyncio.sleep(0)
    try:
        task.exception()
    except asyncio.CancelledError as e:
        print("exception()", *e.args)


asyncio.run(main())
