"""What is not allowed, and what it leaves behind."""

import asyncio


async def main():
    lock = asyncio.Lock()
    for _ in range(2):
        try:
            lock.release()
        except RuntimeError:
            print("nobody holds it")
        print(lock.locked())
        await lock.acquire()
        print(lock.locked())
        lock.release()
    waiter = None

    async def take():
        await lock.acquire()
        print("taken")

    await lock.acquire()
    waiter = asyncio.create_task(take())
    await asyncio.sleep(0)
    lock.release()
    try:
        lock.release()
        print("released twice")
    except RuntimeError:
        print("on its way to somebody")
    await waiter
    print(lock.locked())


asyncio.run(main())
