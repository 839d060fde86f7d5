"""Two consumers, a bounded queue, an end mark for each.

It depends on real time.
"""

import asyncio


async def consumer(n, q):
    print("consumer", n, "starting")
    while True:
        print("consumer", n, "waiting for item")
        item = await q.get()
        print("consumer", n, "has item", item)
        if item == -1:
            q.task_done()
            break
        await asyncio.sleep(0.05 * item)
        q.task_done()
    print("consumer", n, "ending")


async def producer(q, workers):
    print("producer starting")
    for i in range(workers * 3):
        await q.put(i)
        print("producer added task", i)
    print("producer adding stop signals")
    for i in range(workers):
        await q.put(-1)
    print("producer waiting for queue to empty")
    await q.join()
    print("producer ending")


async def main():
    q = asyncio.Queue(maxsize=2)
    tasks = [asyncio.create_task(consumer(i, q)) for i in range(2)]
    tasks.append(asyncio.create_task(producer(q, 2)))
    for task in tasks:
        await task


asyncio.run(main())
