"""A timeout of wait is no error.

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


async def main():
    never = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(work("a", 2))
    done, pending = await asyncio.wait([never, a], timeout=0.25)
    print(a in done, never in pending, never.cancelled())
    done, pending = await asyncio.wait([never, a], timeout=0)
    print(len(done), len(pending))
    done, pending = await asyncio.wait([a], timeout=-1)
    print(len(done), len(pending))
    done, pending = await asyncio.wait(
        [never, a], timeout=3600, return_when=asyncio.FIRST_COMPLETED)
    print(len(done), len(pending))


asyncio.run(main())
