"""What is late counts as a timeout, one by one.

It depends on real time.
"""

import asyncio


async def work(name, turns, fails=False):
    print(name, "begins")
    try:
        for _ in range(turns):
            await asyncio.sleep(0)
        if fails:
            raise ValueError(name)
        print(name, "ends")
        return name
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)
        raise


async def ending(name, x):
    try:
        print(name, "got", await x)
    except asyncio.CancelledError as e:
        print(name, "CancelledError", *e.args)
    except Exception as e:
        print(name, type(e).__name__, e)


async def main():
    loop = asyncio.get_running_loop()
    never, also = loop.create_future(), loop.create_future()
    a = asyncio.create_task(work("a", 2))
    b = asyncio.create_task(work("b", 3, True))
    for following in asyncio.as_completed([never, a, also, b], timeout=0.25):
        await ending("next", following)
    print(never.done(), also.done())
    for following in asyncio.as_completed([a], timeout=3600):
        await ending("next", following)
    for following in asyncio.as_completed([]):
        print("never")


asyncio.run(main())
