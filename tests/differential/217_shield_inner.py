"""Who cancels the inner one cancels the shield."""

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
    inner = asyncio.create_task(work("a", 5))
    outer = asyncio.shield(inner)
    waits = asyncio.create_task(ending("waits", outer))
    await asyncio.sleep(0)
    print(inner.cancel("inner"))
    await waits
    print(outer.cancelled(), inner.cancelled())
    loop = asyncio.get_running_loop()
    a, b = loop.create_future(), loop.create_future()
    x, y = asyncio.shield(a), asyncio.shield(b)
    group = asyncio.gather(x, y)
    print(group.cancel(), x.cancelled(), y.cancelled(), a.done(), b.done())
    await ending("group", group)


asyncio.run(main())
