"""A semaphore made of futures: at most two at a time, timers cancel."""

import asyncio
import collections


class Semaphore:
    def __init__(self, value):
        self.value = value
        self.line = collections.deque()

    async def acquire(self):
        if self.value > 0 and not self.line:
            self.value -= 1
            return
        future = asyncio.get_running_loop().create_future()
        self.line.append(future)
        try:
            await future
        except asyncio.CancelledError:
            if future in self.line:
                self.line.remove(future)
            if future.done() and not future.cancelled():
                self.release()
            raise

    def release(self):
        while self.line:
            future = self.line.popleft()
            if not future.done():
                future.set_result(None)
                return
        self.value += 1


async def worker(i, semaphore, inside):
    try:
        await semaphore.acquire()
    except asyncio.CancelledError:
        print(i, "gives up")
        raise
    inside.append(i)
    print(i, "inside with", len(inside))
    for _ in range(1 + i % 3):
        await asyncio.sleep(0)
    inside.remove(i)
    semaphore.release()
    print(i, "leaves")
    return i


async def main():
    loop = asyncio.get_running_loop()
    semaphore, inside = Semaphore(2), []
    tasks = [asyncio.create_task(worker(i, semaphore, inside))
             for i in range(8)]
    loop.call_soon(tasks[5].cancel)
    loop.call_later(-1, tasks[3].cancel)
    loop.call_soon(loop.call_soon, loop.call_soon, tasks[2].cancel)
    total = 0
    for task in tasks:
        try:
            total += await task
        except asyncio.CancelledError:
            print("one is missing")
    print(total, semaphore.value, len(semaphore.line))


asyncio.run(main())
