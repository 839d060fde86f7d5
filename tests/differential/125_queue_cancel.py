"""Cancelled gets and puts lose nothing."""

import asyncio


async def get(name, q):
    try:
        print(name, "gets", await q.get())
    except asyncio.CancelledError:
        print(name, "is cancelled")


async def put(name, q, item):
    try:
        await q.put(item)
        print(name, "puts", item)
    except asyncio.CancelledError:
        print(name, "is cancelled")


async def main():
    q = asyncio.Queue(1)
    tasks = [asyncio.create_task(get(name, q)) for name in "ab"]
    await asyncio.sleep(0)
    q.put_nowait(1)
    tasks[0].cancel()
    for task in tasks:
        if task is tasks[1]:
            print("b goes on", task.done())
        await task
    q.put_nowait(2)
    tasks = [asyncio.create_task(put(name, q, item))
             for name, item in (("c", 3), ("d", 4), ("e", 5))]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.sleep(0)
    print("main gets", await q.get())
    tasks[1].cancel()
    await asyncio.sleep(0)
    print("main gets", await q.get())
    for task in tasks:
        await task
    print(q.qsize())


asyncio.run(main())
