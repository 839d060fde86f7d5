"""Waiters of a gather and of its futures in one line."""

import asyncio


async def ending(name, x):
    try:
        print(name, "got", await x)
    except asyncio.CancelledError as e:
        print(name, "CancelledError", *e.args)
    except Exception as e:
        print(name, type(e).__name__, e)


async def main():
    loop = asyncio.get_running_loop()
    x, y = loop.create_future(), loop.create_future()
    both = asyncio.gather(x, y)
    tasks = [asyncio.create_task(ending(n, f))
             for n, f in (("both 1", both), ("x", x), ("y", y),
                          ("both 2", both))]
    both.add_done_callback(lambda f: print("callback of both"))
    y.add_done_callback(lambda f: print("callback of y"))
    await asyncio.sleep(0)
    y.set_result("why")
    await asyncio.sleep(0)
    print("y is set")
    x.set_result("ex")
    loop.call_soon(lambda: print("soon"))
    for t in tasks:
        await t


asyncio.run(main())
