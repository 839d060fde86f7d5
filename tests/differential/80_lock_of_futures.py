"""A lock made of futures, with four tasks, one of them cancelled in line."""

import asyncio
import collections


class Lock:
    def __init__(self):
        self.line = collections.deque()
        self.locked = False

    async def acquire(self, name):
        if not self.locked and all(f.cancelled() for f in self.line):
            self.locked = True
            print(name, "finds it free")
            return
        future = asyncio.get_running_loop().create_future()
        self.line.append(future)
        try:
            try:
                await future
            finally:
                self.line.remove(future)
        except asyncio.CancelledError:
            print(name, "leaves the line")
            if not self.locked:
                self.wake()
            raise
        self.locked = True

    def release(self):
        self.locked = False
        self.wake()

    def wake(self):
        if self.line and not self.line[0].done():
            self.line[0].set_result(None)


async def visitor(name, lock, visits, stay):
    for visit in range(visits):
        await lock.acquire(name)
        print(name, "in", visit)
        for _ in range(stay):
            await asyncio.sleep(0)
        print(name, "out", visit)
        lock.release()


async def main():
    lock = Lock()
    tasks = [asyncio.create_task(visitor(*plan)) for plan in
             (("a", lock, 3, 1), ("b", lock, 2, 2), ("c", lock, 1, 0),
              ("d", lock, 2, 0))]
    for _ in range(4):
        await asyncio.sleep(0)
    print("cancel c", tasks[2].cancel())
    for task in tasks:
        try:
            await task
            print("main")
        except asyncio.CancelledError:
            print("main: cancelled")


asyncio.run(main())
