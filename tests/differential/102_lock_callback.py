"""A callback releases the lock that main holds."""

import asyncio


def unlock(lock):
    print("callback releasing lock")
    lock.release()


async def scoped(lock):
    print("scoped waits")
    async with lock:
        print("scoped acquired")
    print("scoped released")


async def by_hand(lock):
    print("by hand waits")
    print("acquire gives", await lock.acquire())
    lock.release()
    print("by hand released")


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    print("lock acquired:", lock.locked())
    asyncio.get_running_loop().call_later(0.001, unlock, lock)
    tasks = [asyncio.create_task(scoped(lock)),
             asyncio.create_task(by_hand(lock))]
    for task in tasks:
        await task
    print("lock acquired:", lock.locked())


asyncio.run(main())
