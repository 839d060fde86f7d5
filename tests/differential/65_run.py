"""What run() gives: values, errors, cancellations; it can be repeated."""

import asyncio


async def returns():
    await asyncio.sleep(0)
    return 42


async def fails():
    await asyncio.sleep(0)
    raise ValueError("bad")


async def cancels_itself():
    asyncio.current_task().cancel("enough")
    await asyncio.sleep(3600)


async def nested():
    try:
        asyncio.run(returns())
    except RuntimeError:
        return "refused inside a loop"


async def child(name):
    print(name)


async def leaves_children():
    asyncio.create_task(child("begins in the last turn"))
    return "left"


# A runner's coroutine that is refused never runs; Python would warn.
import warnings
warnings.simplefilter("ignore")

for body in (returns, fails, cancels_itself, nested, returns, leaves_children):
    try:
        print(asyncio.run(body()))
    except ValueError as e:
        print("failed", e)
    except asyncio.CancelledError as e:
        print("cancelled", *e.args)
