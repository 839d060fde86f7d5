"""Timers of the past go by their time, too."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(-1, print, "one second late")
    loop.call_later(-2, print, "two seconds late")
    now = loop.time()
    for late in (3, 5, 4):
        loop.call_at(now - late, print, "at", late)
    loop.call_soon(print, "soon")
    await asyncio.sleep(0)
    print("main")
    await asyncio.sleep(0)


asyncio.run(main())
