"""A producer and a consumer, or three producers and no limit, with steps from a
random sequence. Where nobody can overtake, the order is asyncio's.
"""

import asyncio


def numbers(seed):
    while True:
        seed = (seed * 1103515245 + 12345) % 2147483648
        yield seed // 65536


async def produce(name, q, random):
    for i in range(6):
        for _ in range(next(random) % 3):
            await asyncio.sleep(0)
        await q.put(name * 100 + i)
        print("put", name, i)


async def consume(q, random, log):
    while True:
        item = await q.get()
        print("got", item)
        q.task_done()
        for _ in range(next(random) % 4):
            await asyncio.sleep(0)


async def main():
    for seed in range(1, 9):
        random = numbers(seed)
        q = asyncio.Queue(seed % 4)
        consumer = asyncio.create_task(consume(q, random, []))
        producers = [asyncio.create_task(produce(i, q, random))
                     for i in range(1 if seed % 4 else 3)]
        for task in producers:
            await task
        await q.join()
        consumer.cancel()
        print("seed", seed, q.qsize())


asyncio.run(main())
