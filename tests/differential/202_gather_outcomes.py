"""Errors as results."""

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


def kind(x):
    if isinstance(x, BaseException):
        return type(x).__name__ + " " + str(x)
    return str(x)


async def main():
    a = asyncio.create_task(work("a", 9))
    b = asyncio.create_task(work("b", 2, True))
    asyncio.get_running_loop().call_soon(a.cancel)
    got = await asyncio.gather(a, b, work("c", 1), return_exceptions=True)
    for x in got:
        print(kind(x))


asyncio.run(main())
