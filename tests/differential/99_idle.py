"""An idle loop wakes for timers and threads. (depends on real time)"""

import asyncio
import threading
import time


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    begin = loop.time()

    def other():
        time.sleep(0.03)
        loop.call_soon_threadsafe(print, "from the thread")
        time.sleep(0.06)
        loop.call_soon_threadsafe(future.set_result, "the thread ends")

    thread = threading.Thread(target=other)
    thread.start()
    loop.call_later(0.06, print, "timer")
    never = loop.call_later(0.01, print, "never")
    never.cancel()
    late = loop.call_later(0.12, print, "later timer")
    print(await future)
    print("in time", loop.time() - begin >= 0.09, late.when() > loop.time())
    thread.join()
    await asyncio.sleep(0.06)
    print("in time", loop.time() - begin >= 0.15)


asyncio.run(main())
