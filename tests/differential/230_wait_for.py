"""wait_for in all its ends.

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


async def stubborn():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        return "stubborn"


async def main():
    loop = asyncio.get_running_loop()
    await ending("none", asyncio.wait_for(work("a", 2), None))
    await ending("long", asyncio.wait_for(work("b", 2), 3600))
    await ending("fails", asyncio.wait_for(work("c", 2, True), 3600))
    await ending("short", asyncio.wait_for(asyncio.sleep(3600), 0.002))
    done = loop.create_future()
    done.set_result("done")
    await ending("zero", asyncio.wait_for(done, 0))
    await ending("never", asyncio.wait_for(work("d", 1), 0))
    inner = asyncio.create_task(asyncio.sleep(3600))
    await ending("shield", asyncio.wait_for(asyncio.shield(inner), 0.002))
    print(inner.done(), inner.cancel())
    task = asyncio.create_task(asyncio.sleep(3600))
    waits = asyncio.create_task(asyncio.wait_for(task, 3600))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waits.cancel("outside")
    await ending("waits", waits)
    print(task.cancelled())


asyncio.run(main())
