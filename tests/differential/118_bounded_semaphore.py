"""More releases than acquires are refused."""

import asyncio


async def main():
    permits = asyncio.BoundedSemaphore(2)
    for step in "release", "acquire", "acquire", "release", "release", "release":
        try:
            if step == "acquire":
                await permits.acquire()
            else:
                permits.release()
            print(step, permits.locked())
        except ValueError:
            print(step, "too often", permits.locked())
    for value in 0, -1:
        try:
            print(asyncio.Semaphore(value).locked())
        except ValueError:
            print("no permits below 0")


asyncio.run(main())
