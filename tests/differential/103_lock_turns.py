"""Which turn a waiting task goes on in, and what locked() says."""

import asyncio


async def take(name, lock, log):
    await lock.acquire()
    print(name, "has it")


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = [asyncio.create_task(take(name, lock, [])) for name in "ab"]
    for turn in range(8):
        print("turn", turn, lock.locked())
        if turn in (2, 5):
            lock.release()
            print("released", lock.locked())
        await asyncio.sleep(0)
    lock.release()
    for task in tasks:
        await task
    print("end", lock.locked())


asyncio.run(main())
