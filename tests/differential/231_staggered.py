"""Candidates one after the other.

It depends on real time.
"""

import asyncio


def kind(x):
    if isinstance(x, BaseException):
        return type(x).__name__ + " " + str(x)
    return str(x)


from asyncio.staggered import staggered_race


async def candidate(name, delay, fails):
    print(name, "begins")
    try:
        await asyncio.sleep(delay)
    except asyncio.CancelledError:
        print(name, "cancelled")
        raise
    if fails:
        raise ValueError(name)
    print(name, "ends")
    return name


async def race(delay, *plans):
    got = await staggered_race(
        [lambda p=p: candidate(*p) for p in plans], delay)
    print(got[0], got[1], [kind(x) for x in got[2]])


async def main():
    await race(None)
    await race(None, ("a", 0, False), ("b", 0, False))
    await race(None, ("c", 0, True), ("d", 0, False))
    await race(3600, ("e", 0, True), ("f", 0, True), ("g", 0, False))
    await race(0.002, ("h", 3600, False), ("i", 0.001, False))
    await race(None, ("j", 0, True), ("k", 0, True))


asyncio.run(main())
