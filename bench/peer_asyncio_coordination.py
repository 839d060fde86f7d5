"""The workloads of locks, events, queues and gather on asyncio."""

import asyncio

WAITERS = 10_000


def coordination(stopwatch):
    """Returns the workloads by name: those that are calibrated, the others."""

    async def lock(n):
        mutex = asyncio.Lock()
        watch = stopwatch()
        for _ in range(n):
            await mutex.acquire()
            mutex.release()
        return watch.elapsed()

    async def contender(mutex, times):
        for _ in range(times):
            await mutex.acquire()
            await asyncio.sleep(0)
            mutex.release()

    async def contended(n):
        mutex = asyncio.Lock()
        watch = stopwatch()
        await asyncio.gather(*[contender(mutex, n // 4) for _ in range(4)])
        return watch.elapsed()

    async def produce(items, count):
        for _ in range(count):
            await items.put(1)

    async def consume(items, count):
        for _ in range(count):
            await items.get()

    async def exchange(pairs, n):
        items = asyncio.Queue(64)
        watch = stopwatch()
        await asyncio.gather(
            *[
                side(items, n // pairs)
                for _ in range(pairs)
                for side in (produce, consume)
            ]
        )
        return watch.elapsed()

    async def queue(n):
        return await exchange(1, n)

    async def queue_4x4(n):
        return await exchange(4, n)

    async def event(n):
        cpu = wall = 0
        for _ in range(0, n, WAITERS):
            gate = asyncio.Event()
            tasks = [asyncio.create_task(gate.wait()) for _ in range(WAITERS)]
            await asyncio.sleep(0)
            watch = stopwatch()
            gate.set()
            await asyncio.wait(tasks)
            spent = watch.elapsed()
            cpu, wall = cpu + spent[0], wall + spent[1]
        return cpu, wall

    async def one():
        return 1

    async def gather(n):
        watch = stopwatch()
        await asyncio.gather(*[asyncio.create_task(one()) for _ in range(n)])
        return watch.elapsed()

    calibrated = {
        each.__name__: each for each in (lock, contended, queue, queue_4x4)
    }
    fixed = {"event": (event, 5 * WAITERS), "gather": (gather, 1_000_000)}
    return calibrated, fixed
