"""An error passes coroutines and tasks; clean-up runs from the inside."""

import asyncio


async def inner(n):
    try:
        if n == 0:
            await asyncio.sleep(0)
            raise ValueError("bottom")
        await inner(n - 1)
    finally:
        print("leave inner", n)


async def translated():
    try:
        await inner(2)
    except ValueError as e:
        raise LookupError("was " + str(e)) from None


async def outer(task):
    try:
        await task
    except LookupError as e:
        print("outer caught", e)
    try:
        await task
    except LookupError as e:
        print("outer caught again", e)
    return "recovered"


async def main():
    asyncio.get_running_loop().call_soon(print, "soon")
    task = asyncio.create_task(translated())
    print(await outer(task))
    print(task.done(), task.cancelled(), task.exception())


asyncio.run(main())
