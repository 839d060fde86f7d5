"""Nobody overtakes a task that was woken."""

import asyncio


async def take(name, lock):
    await lock.acquire()
    print(name, "has it")
    lock.release()


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    first = asyncio.create_task(take("first", lock))
    await asyncio.sleep(0)
    late = asyncio.create_task(take("late", lock))
    lock.release()
    print("main asks")
    await lock.acquire()
    print("main has it")
    lock.release()
    await first
    await late
    print("end")


asyncio.run(main())
