"""call_later(0) is a timer: what is ready in its turn runs before."""

import asyncio


async def child(name):
    print(name, "begins")
    await asyncio.sleep(0)
    print(name, "goes on")
    await asyncio.sleep(0)
    print(name, "ends")


async def main():
    loop = asyncio.get_running_loop()
    loop.call_later(0, print, "timer 1")
    loop.call_soon(print, "soon 1")
    task = asyncio.create_task(child("a"))
    loop.call_later(0, print, "timer 2")
    await asyncio.sleep(0)
    print("main")
    loop.call_later(0, loop.call_soon, print, "soon of a timer")
    loop.call_later(0, print, "timer 3")
    loop.call_soon(print, "soon 2")
    await task
    print("end")


asyncio.run(main())
