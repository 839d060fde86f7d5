"""A cancelled callback does not run, also when it is ready already."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    first = loop.call_soon(print, "first")
    second = loop.call_soon(print, "second")
    second.cancel()
    fourth = None

    def third():
        print("third cancels the fourth")
        fourth.cancel()

    loop.call_soon(third)
    fourth = loop.call_soon(print, "fourth")
    fifth = loop.call_soon(print, "fifth")
    print(first.cancelled(), second.cancelled(), fifth.cancelled())
    await asyncio.sleep(0)
    print(first.cancelled(), second.cancelled(), fourth.cancelled())
    first.cancel()
    fifth.cancel()
    await asyncio.sleep(0)
    print("end")


asyncio.run(main())
