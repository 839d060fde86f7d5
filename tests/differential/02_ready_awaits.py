"""Awaiting what is ready does not yield: no callback runs in between."""

import asyncio


async def plain(n):
    return n * 2


async def deep(n):
    return 0 if n == 0 else 1 + await deep(n - 1)


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    future.set_result(7)
    task = asyncio.create_task(plain(4))
    await asyncio.sleep(0)
    loop.call_soon(print, "callback")
    print("coroutine", await plain(1))
    print("deep", await deep(10))
    print("future", await future)
    print("again", await future)
    print("task", task.done(), await task)
    print("before the yield")
    await asyncio.sleep(0)
    print("after the yield")


asyncio.run(main())
