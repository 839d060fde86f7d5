"""One task in several places."""

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
    a = asyncio.create_task(work("a", 2))
    print(await asyncio.gather(a, work("b", 1), a))
    c = asyncio.create_task(work("c", 9))
    group = asyncio.gather(c, c)
    await asyncio.sleep(0)
    print(group.cancel("x"), c.cancelling())
    await ending("group", group)


asyncio.run(main())
