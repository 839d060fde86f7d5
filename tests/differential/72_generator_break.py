"""A generator that is left early is closed by aclose()."""

import asyncio


async def source(name):
    try:
        for i in range(5):
            print(name, "gives", i)
            yield i
            await asyncio.sleep(0)
    finally:
        print(name, "is closed")


async def main():
    loop = asyncio.get_running_loop()
    one = source("one")
    async for i in one:
        print("main got", i)
        if i == 1:
            break
    loop.call_soon(print, "soon")
    print("close")
    await one.aclose()
    print("closed")
    async for i in one:
        print("never", i)
    await one.aclose()
    untouched = source("untouched")
    await untouched.aclose()
    async for i in untouched:
        print("never", i)
    await asyncio.sleep(0)
    last = source("last")
    async for i in last:
        pass
    await last.aclose()
    print("end")


asyncio.run(main())
