"""Three producers wait for room in their order."""

import asyncio


async def produce(name, q, count):
    for i in range(count):
        await q.put(name + str(i))
        print("put", name, i)


async def main():
    q = asyncio.Queue(2)
    tasks = [asyncio.create_task(produce(name, q, 3)) for name in "abc"]
    for turn in range(9):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        print("got", await q.get())
    for task in tasks:
        await task
    print(q.qsize(), q.empty(), q.full(), q.maxsize)


asyncio.run(main())
