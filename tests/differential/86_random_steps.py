"""20 tasks that choose each step by a generator of numbers they share."""

# arguments: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16

import asyncio
import sys

COUNT = 20


class World:
    def __init__(self, seed):
        self.seed = seed
        self.left = 1500
        self.tasks = [None] * COUNT
        self.futures = [self.future() for _ in range(6)]

    def future(self):
        return asyncio.get_running_loop().create_future()

    def number(self, below):
        self.seed = (self.seed * 1103515245 + 12345) % 2147483648
        return self.seed // 65536 % below

    # -- steps --

    async def run(self, i, depth):
        steps = 2 + self.number(12)
        for n in range(steps):
            self.left -= 1
            if self.left < 0:
                break
            print(i, depth, n)
            await self.step(i, depth)
        return i * 100 + depth

    async def step(self, i, depth):
        what = self.number(14)
        if what < 4:
            for _ in range(1 + self.number(3)):
                await asyncio.sleep(0)
        elif what == 4:
            await asyncio.sleep(1e-9)
        elif what < 7:
            await self.wait(i)
        elif what < 9:
            self.complete(i)
        elif what == 9:
            self.cancel(i)
        elif what == 10:
            self.callbacks(i)
        elif what == 11:
            await self.join(i)
        elif what == 12 and depth < 5:
            print(i, "calls", await self.run(i, depth + 1))
        else:
            await self.restart(i)

    async def wait(self, i):
        f = self.number(len(self.futures))
        try:
            print(i, "awaits", f)
            print(i, "got", await self.futures[f])
        except asyncio.CancelledError as e:
            print(i, "was cut", *e.args, asyncio.current_task().cancelling())
            if self.number(3) == 0:
                raise
            if self.number(2) == 0:
                await asyncio.sleep(0)
                print(i, "goes on")
        except ValueError as e:
            print(i, "caught", e)

    def complete(self, i):
        f = self.number(len(self.futures))
        future = self.futures[f]
        if future.done():
            print(i, "renews", f)
            if not future.cancelled():
                future.exception()
            self.futures[f] = self.future()
        elif self.number(4) == 0:
            print(i, "fails", f)
            future.set_exception(ValueError(f"by {i}"))
        elif self.number(5) == 0:
            print(i, "cancels future", f, future.cancel(f"f by {i}"))
        else:
            print(i, "sets", f)
            future.set_result(i)

    def cancel(self, i):
        k = self.number(COUNT)
        if self.tasks[k] and k != i:
            print(i, "cancels", k, self.tasks[k].cancel(f"by {i}"),
                  self.tasks[k].cancelling())

    def callbacks(self, i):
        f = self.number(len(self.futures))
        n = self.number(1000)
        print(i, "adds", n, "to", f)
        self.futures[f].add_done_callback(lambda _: self.called(n))
        if n % 3 == 0:
            asyncio.get_running_loop().call_soon(self.called, n)
        elif n % 3 == 1:
            asyncio.get_running_loop().call_later(-1 - n, self.called, n)

    def called(self, n):
        print("callback", n)
        if n % 5 == 0:
            self.complete(n)
        elif n % 7 == 0:
            self.cancel(-1)

    async def join(self, i):
        k = self.number(COUNT)
        # Only upwards: a circle of tasks would never end.
        if self.tasks[k] and k > i:
            try:
                print(i, "joins", k)
                print(i, "joined", k, await self.tasks[k])
            except asyncio.CancelledError:
                print(i, "found", k, self.tasks[k].cancelled())
                if not self.tasks[k].cancelled():
                    raise

    async def restart(self, i):
        k = self.number(COUNT)
        if not self.tasks[k] or self.tasks[k].done():
            print(i, "starts", k)
            self.start(k)
        if self.number(2):
            await asyncio.sleep(0)

    def start(self, k):
        self.tasks[k] = asyncio.create_task(self.run(k, 0), name=f"t{k}")
        if self.number(3) == 0:
            self.tasks[k].add_done_callback(
                lambda t: print("done", k, t.cancelled()))


async def main():
    world = World(int(sys.argv[1]))
    for k in range(COUNT):
        if world.number(4):
            world.start(k)
    for turn in range(400):
        if turn % 10 == 9:
            left = [k for k in range(COUNT)
                    if world.tasks[k] and not world.tasks[k].done()]
            print("turn", turn, "left", *left)
            if not left:
                break
            if turn >= 99:
                world.left = 0
                for k in left:
                    world.tasks[k].cancel("the end")
        await asyncio.sleep(0)
    for k in range(COUNT):
        task = world.tasks[k]
        if task:
            print(k, task.done(), task.cancelled(), task.cancelling())


asyncio.run(main())
