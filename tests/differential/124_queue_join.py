"""Workers share the items; join waits for all."""

import asyncio


async def worker(name, q):
    while True:
        item = await q.get()
        for _ in range(item % 3):
            await asyncio.sleep(0)
        print(name, "did", item)
        q.task_done()


async def main():
    q = asyncio.Queue()
    await q.join()
    for i in range(10):
        q.put_nowait(i)
    print(q.qsize())
    tasks = [asyncio.create_task(worker(name, q)) for name in "abc"]
    await q.join()
    print("joined", q.empty())
    for task in tasks:
        task.cancel()
    for task in tasks:
        try:
            await task
        except asyncio.CancelledError:
            print("cancelled")
    try:
        q.task_done()
    except ValueError:
        print("too often")


asyncio.run(main())
