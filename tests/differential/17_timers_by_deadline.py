"""Timers that are due together run by deadline, after what is ready."""

import asyncio
import time


def spin(milliseconds):
    end = time.monotonic() + milliseconds / 1000
    while time.monotonic() < end:
        pass


async def main():
    loop = asyncio.get_running_loop()
    begin = loop.time()
    loop.call_soon(print, "soon 1")
    for delay in (5, 2, 8, 3, 1):
        loop.call_at(begin + delay / 1000, print, "timer", delay)
    loop.call_soon(print, "soon 2")
    spin(12)
    loop.call_soon(print, "soon 3")
    for turn in range(3):
        print("turn", turn)
        await asyncio.sleep(0)


asyncio.run(main())
