"""Done callbacks that cancel tasks of the same line, and others."""

import asyncio


async def waiter(name, future):
    try:
        print(name, "got", await future)
        await asyncio.sleep(0)
        print(name, "ends")
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)
        raise


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    a = asyncio.create_task(waiter("a", future))
    await asyncio.sleep(0)
    other = asyncio.create_task(waiter("other", loop.create_future()))
    tasks = [a]
    future.add_done_callback(lambda f: print("after a:", b.cancel("by f")))
    b = asyncio.create_task(waiter("b", future))
    tasks.append(b)
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: print("after b:", a.cancel("late"),
                                             other.cancel("by f, too")))
    b.add_done_callback(lambda t: print("b done", t.cancelled()))
    future.set_result("value")
    for turn in range(4):
        print("turn", turn, a.done(), b.done(), other.done())
        await asyncio.sleep(0)
    print(a.cancelled(), b.cancelled(), other.cancelled())


asyncio.run(main())
