"""An idle loop wakes for timers and threads."""

import asyncio
import threading
import time


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    timer_ran = threading.Event()
    begin = loop.time()

    def timer():
        print("timer")
        timer_ran.set()

    def greet():
        print("from the thread")
        loop.call_later(0.03, timer)

    def other():
        time.sleep(0.03)  # so that the loop is idle
        loop.call_soon_threadsafe(greet)
        timer_ran.wait()
        time.sleep(0.03)
        loop.call_soon_threadsafe(future.set_result, "the thread ends")

    thread = threading.Thread(target=other)
    thread.start()
    never = loop.call_later(0.01, print, "never")
    never.cancel()
    late = loop.call_later(3600, print, "late")
    print(await future)
    print("in time", loop.time() - begin >= 0.09, late.when() > loop.time())
    late.cancel()
    thread.join()
    await asyncio.sleep(0.03)
    print("in time", loop.time() - begin >= 0.12)


asyncio.run(main())
