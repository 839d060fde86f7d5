"""A bounded buffer of two conditions over one lock."""

import asyncio


class Buffer:
    def __init__(self, limit):
        self.lock = asyncio.Lock()
        self.not_full = asyncio.Condition(self.lock)
        self.not_empty = asyncio.Condition(self.lock)
        self.items = []
        self.limit = limit

    async def put(self, item):
        async with self.lock:
            await self.not_full.wait_for(lambda: len(self.items) < self.limit)
            self.items.append(item)
            print("put", item, len(self.items))
            self.not_empty.notify()

    async def get(self):
        async with self.lock:
            await self.not_empty.wait_for(lambda: len(self.items) > 0)
            item = self.items.pop(0)
            print("get", item, len(self.items))
            self.not_full.notify()
            return item


async def produce(buffer, first):
    for i in range(first, first + 4):
        await buffer.put(i)


async def consume(buffer, name):
    for _ in range(4):
        print(name, await buffer.get())


async def main():
    buffer = Buffer(2)
    tasks = [asyncio.create_task(produce(buffer, 0)),
             asyncio.create_task(produce(buffer, 10)),
             asyncio.create_task(consume(buffer, "a")),
             asyncio.create_task(consume(buffer, "b"))]
    for task in tasks:
        await task


asyncio.run(main())
