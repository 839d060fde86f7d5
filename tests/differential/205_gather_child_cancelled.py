"""A cancelled child is an error of the gather."""

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
    a = asyncio.create_task(work("a", 9))
    b = asyncio.create_task(work("b", 5))
    group = asyncio.gather(a, b)
    await asyncio.sleep(0)
    print(a.cancel("one"), group.done())
    await ending("group", group)
    print(group.done(), group.cancelled(), b.done())
    print(await b)


asyncio.run(main())
