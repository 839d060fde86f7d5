"""Permits of cancelled tasks go to others."""

import asyncio


async def take(name, permits):
    try:
        await permits.acquire()
        print(name, "has one")
    except asyncio.CancelledError:
        print(name, "is cancelled")


async def main():
    permits = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(take(name, permits)) for name in "abcd"]
    await asyncio.sleep(0)
    permits.release()
    tasks[0].cancel()
    print("a is cancelled, its permit is on its way")
    for turn in range(3):
        print("turn", turn)
        await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.sleep(0)
    permits.release()
    for task in tasks:
        await task
    print(permits.locked())


asyncio.run(main())
