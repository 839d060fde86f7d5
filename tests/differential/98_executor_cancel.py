"""A job that waits for its thread can be cancelled; one that runs cannot."""

import asyncio
import concurrent.futures
import threading

log = []


async def main():
    loop = asyncio.get_running_loop()
    begun = loop.create_future()
    go_on = threading.Event()

    def blocks():
        loop.call_soon_threadsafe(begun.set_result, None)
        go_on.wait()
        log.append("the first ran to its end")
        return "result"

    pool = concurrent.futures.ThreadPoolExecutor(1)
    first = loop.run_in_executor(pool, blocks)
    second = loop.run_in_executor(pool, log.append, "the second ran")
    third = loop.run_in_executor(pool, log.append, "the third ran")
    await begun
    print("first", first.cancel(), first.cancelled())
    print("second", second.cancel(), second.cancelled())
    await asyncio.sleep(0)
    go_on.set()
    await third
    for name, future in (("first", first), ("second", second)):
        try:
            await future
        except asyncio.CancelledError:
            print(name, "was cancelled")
    print(*log, sep="\n")
    pool.shutdown()


asyncio.run(main())
