"""Callbacks from another thread wake the loop and run in its thread."""

import asyncio
import threading


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    here = threading.get_ident()

    def report(i):
        print("callback", i, threading.get_ident() == here)
        if i == 4:
            future.set_result("all came")

    def other():
        for i in range(5):
            loop.call_soon_threadsafe(report, i)

    thread = threading.Thread(target=other)
    thread.start()
    print(await future)
    thread.join()

    # From the loop's own thread it is as call_soon.
    loop.call_soon(print, "one")
    loop.call_soon_threadsafe(print, "two")
    loop.call_soon(print, "three")
    handle = loop.call_soon_threadsafe(print, "never")
    handle.cancel()
    await asyncio.sleep(0)
    print(handle.cancelled())


asyncio.run(main())
