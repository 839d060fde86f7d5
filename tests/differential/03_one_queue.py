"""Starts, resumptions, call_soon and done callbacks stand in one queue."""

import asyncio


async def child(name, steps):
    for step in range(steps):
        print(name, step)
        await asyncio.sleep(0)
    print(name, "ends")


async def waiter(name, future):
    print(name, "waits")
    print(name, "got", await future)


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    asyncio.create_task(waiter("w1", future))
    future.add_done_callback(lambda _: print("done 1"))
    await asyncio.sleep(0)
    future.add_done_callback(lambda _: print("done 2"))
    asyncio.create_task(child("a", 2))
    loop.call_soon(print, "soon 1")
    future.set_result("x")
    asyncio.create_task(child("b", 1))
    loop.call_soon(print, "soon 2")
    for turn in range(5):
        print("turn", turn)
        await asyncio.sleep(0)


asyncio.run(main())
