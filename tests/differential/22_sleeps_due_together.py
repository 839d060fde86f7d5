"""Sleeps that are over together go on by deadline."""

import asyncio
import time


def spin(milliseconds):
    end = time.monotonic() + milliseconds / 1000
    while time.monotonic() < end:
        pass


async def sleeper(name, milliseconds):
    print(name, "sleeps")
    await asyncio.sleep(milliseconds / 1000)
    print(name, "wakes")
    await asyncio.sleep(0)
    print(name, "ends")


async def main():
    loop = asyncio.get_running_loop()
    tasks = [asyncio.create_task(sleeper(f"s{i}", delay))
             for i, delay in enumerate((90, 30, 60, 10, 120))]
    loop.call_soon(spin, 150)
    loop.call_soon(print, "all are due")
    for task in tasks:
        await task
        print("main")


asyncio.run(main())
