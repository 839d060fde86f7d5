"""A bounded queue made of futures: two producers, two consumers."""

import asyncio
import collections


class Queue:
    def __init__(self, limit):
        self.limit = limit
        self.items = collections.deque()
        self.getters = collections.deque()
        self.putters = collections.deque()

    @staticmethod
    def wake(line):
        while line:
            future = line.popleft()
            if not future.done():
                future.set_result(None)
                break

    @staticmethod
    async def wait(line):
        future = asyncio.get_running_loop().create_future()
        line.append(future)
        await future

    async def put(self, item):
        while len(self.items) >= self.limit:
            await self.wait(self.putters)
        self.items.append(item)
        self.wake(self.getters)

    async def get(self):
        while not self.items:
            await self.wait(self.getters)
        item = self.items.popleft()
        self.wake(self.putters)
        return item


async def producer(name, queue, count):
    for i in range(count):
        await queue.put(f"{name}{i}")
        print(name, "put", i)
    print(name, "ends")


async def consumer(name, queue, pause):
    while True:
        item = await queue.get()
        print(name, "got", item)
        if item == "stop":
            return
        for _ in range(pause):
            await asyncio.sleep(0)


async def main():
    queue = Queue(2)
    producers = [asyncio.create_task(producer("x", queue, 5)),
                 asyncio.create_task(producer("y", queue, 4))]
    consumers = [asyncio.create_task(consumer("one", queue, 0)),
                 asyncio.create_task(consumer("two", queue, 2))]
    for task in producers:
        await task
    await queue.put("stop")
    await queue.put("stop")
    for task in consumers:
        await task
        print("main")


asyncio.run(main())
