"""A cancellation that is turned into an error or into a value."""

import asyncio


async def to_error():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError as e:
        raise ValueError("was cancelled: " + e.args[0]) from None


async def to_value():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return "a value"


async def waits_for(task):
    try:
        return await task
    except ValueError as e:
        return "caught " + str(e)


async def main():
    for body in (to_error, to_value):
        inner = asyncio.create_task(body())
        outer = asyncio.create_task(waits_for(inner))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        outer.cancel("from main")
        print(await outer, outer.cancelled(), outer.cancelling(),
              inner.cancelling(), inner.cancelled())


asyncio.run(main())
