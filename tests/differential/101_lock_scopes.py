"""A scope gives the lock back, however it is left."""

import asyncio


async def leave(lock, how):
    async with lock:
        print(how, lock.locked())
        if how == "return":
            return
        if how == "raise":
            raise ValueError(how)
        if how == "sleep":
            await asyncio.sleep(3600)


async def main():
    lock = asyncio.Lock()
    for how in "return", "raise", "sleep", "end":
        task = asyncio.create_task(leave(lock, how))
        await asyncio.sleep(0)
        print("inside", lock.locked())
        task.cancel()
        try:
            await task
        except ValueError as e:
            print("raised", e)
        except asyncio.CancelledError:
            print("cancelled")
        print("after", lock.locked())


asyncio.run(main())
