"""Tasks and callbacks that wait for one future stand in one line."""

import asyncio


async def waiter(name, future):
    print(name, "waits")
    got = await future
    print(name, got)
    await asyncio.sleep(0)
    print(name, "ends")


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    for i in range(3):
        asyncio.create_task(waiter(f"w{i}", future))
        await asyncio.sleep(0)
        future.add_done_callback(lambda f, i=i: print("callback", i))
    asyncio.create_task(waiter("late", future))
    future.set_result("value")
    asyncio.create_task(waiter("later", future))
    loop.call_soon(print, "soon")
    for turn in range(4):
        print("turn", turn)
        await asyncio.sleep(0)


asyncio.run(main())
