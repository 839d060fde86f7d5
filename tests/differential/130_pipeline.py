"""Three stages with bounded queues between them."""

import asyncio


async def stage(name, source, target, step):
    while True:
        item = await source.get()
        if item < 0:
            await target.put(item)
            print(name, "ends")
            return
        print(name, item)
        await target.put(step(item))


async def main():
    a, b, c = asyncio.Queue(1), asyncio.Queue(2), asyncio.Queue(1)
    tasks = [asyncio.create_task(stage("double", a, b, lambda x: x * 2)),
             asyncio.create_task(stage("add", b, c, lambda x: x + 1))]

    async def feed():
        for i in range(6):
            await a.put(i)
            print("fed", i)
        await a.put(-1)

    tasks.append(asyncio.create_task(feed()))
    while (item := await c.get()) >= 0:
        print("out", item)
    for task in tasks:
        await task


asyncio.run(main())
