"""A pipeline of three stages that hand over by futures."""

import asyncio


class Slot:
    """Holds one value: put waits until it is empty, get until it is full."""

    def __init__(self):
        loop = asyncio.get_running_loop()
        self.full = loop.create_future()
        self.empty = loop.create_future()
        self.empty.set_result(None)

    async def put(self, value):
        await self.empty
        self.empty = asyncio.get_running_loop().create_future()
        self.full.set_result(value)

    async def get(self):
        value = await self.full
        self.full = asyncio.get_running_loop().create_future()
        self.empty.set_result(None)
        return value


async def source(count, out):
    for i in range(count):
        await out.put(i)
        print("source", i)
    await out.put(None)


async def square(into, out):
    while (value := await into.get()) is not None:
        print("square", value)
        await out.put(value * value)
    await out.put(None)


async def total(into):
    result = 0
    while (value := await into.get()) is not None:
        result += value
        print("total", result)
    return result


async def main():
    a, b = Slot(), Slot()
    last = asyncio.create_task(total(b))
    asyncio.create_task(source(6, a))
    asyncio.create_task(square(a, b))
    print("result", await last)
    print("left", len(asyncio.all_tasks()))


asyncio.run(main())
