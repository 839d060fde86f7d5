"""A coroutine runs once; awaiting it again is refused."""

import asyncio


async def once():
    print("runs")
    return 1


async def main():
    c = once()
    print(await c)
    try:
        await c
    except RuntimeError:
        print("refused")
    d = once()
    d.close()
    try:
        await d
    except RuntimeError:
        print("refused after close")


asyncio.run(main())
