"""Tasks that poll a future see it done in the turn after set_result."""

import asyncio


async def poller(name, future):
    turns = 0
    while not future.done():
        turns += 1
        await asyncio.sleep(0)
    print(name, "saw it after", turns, "turns:", future.result())


async def setter(future):
    for _ in range(3):
        await asyncio.sleep(0)
    print("sets")
    future.set_result("v")
    await asyncio.sleep(0)
    print("setter ends")


async def main():
    future = asyncio.get_running_loop().create_future()
    tasks = [asyncio.create_task(poller("before", future)),
             asyncio.create_task(setter(future)),
             asyncio.create_task(poller("after", future))]
    print("main got", await future)
    for task in tasks:
        await task


asyncio.run(main())
