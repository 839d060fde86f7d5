"""Who takes a permit again goes behind those who wait."""

import asyncio


async def work(name, permits, rounds):
    for i in range(rounds):
        await permits.acquire()
        print(name, i)
        permits.release()


async def main():
    permits = asyncio.Semaphore(1)
    await permits.acquire()
    tasks = [asyncio.create_task(work(name, permits, 3)) for name in "abc"]
    await asyncio.sleep(0)
    permits.release()
    print("released", permits.locked())
    for task in tasks:
        await task
    print("end", permits.locked())


asyncio.run(main())
