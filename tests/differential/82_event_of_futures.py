"""An event made of futures; who waits when it is set and cleared."""

import asyncio


class Event:
    def __init__(self):
        self.waiters = []
        self.value = False

    def set(self):
        self.value = True
        for future in self.waiters:
            if not future.done():
                future.set_result(None)

    def clear(self):
        self.value = False

    async def wait(self):
        if self.value:
            return
        future = asyncio.get_running_loop().create_future()
        self.waiters.append(future)
        try:
            await future
        finally:
            self.waiters.remove(future)


async def waiter(name, event, times):
    for i in range(times):
        await event.wait()
        print(name, i, event.value, len(event.waiters))
        await asyncio.sleep(0)


async def main():
    event = Event()
    tasks = [asyncio.create_task(waiter(f"w{i}", event, 3)) for i in range(3)]
    await asyncio.sleep(0)
    event.set()
    event.clear()
    print("set and cleared")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("waiting", len(event.waiters))
    tasks[1].cancel()
    event.set()
    for turn in range(4):
        print("turn", turn, [t.done() for t in tasks].count(True))
        await asyncio.sleep(0)
    print(tasks[1].cancelled())


asyncio.run(main())
