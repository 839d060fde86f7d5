"""The smallest first, the last first."""

import asyncio


async def main():
    for kind in asyncio.PriorityQueue, asyncio.LifoQueue, asyncio.Queue:
        q = kind()
        for i in 5, 2, 8, 1, 9, 3:
            await q.put(i)
        line = [await q.get(), await q.get()]
        q.put_nowait(4)
        q.put_nowait(0)
        while not q.empty():
            line.append(q.get_nowait())
        print(*line)


asyncio.run(main())
