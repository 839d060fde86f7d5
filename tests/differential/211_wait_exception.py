"""Until the first error; a cancellation is none."""

import asyncio


async def ticker(n):
    for i in range(n):
        print("turn", i)
        await asyncio.sleep(0)


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
    ticks = asyncio.create_task(ticker(9))
    a = asyncio.create_task(work("a", 9))
    b = asyncio.create_task(work("b", 3, True))
    c = asyncio.create_task(work("c", 9))
    asyncio.get_running_loop().call_soon(a.cancel)
    done, pending = await asyncio.wait(
        [a, b, c], return_when=asyncio.FIRST_EXCEPTION)
    print(a in done, b in done, c in done, len(pending))
    await ending("b", b)
    await c
    await ticks


asyncio.run(main())
