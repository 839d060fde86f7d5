"""Futures that complete futures: one turn for each link."""

import asyncio


async def waiter(i, future):
    print("waiter", i, await future)


async def main():
    loop = asyncio.get_running_loop()
    chain = [loop.create_future() for _ in range(5)]
    for i in range(4):
        chain[i].add_done_callback(
            lambda f, i=i: chain[i + 1].set_result(f.result() + 1))
    for i in reversed(range(5)):
        asyncio.create_task(waiter(i, chain[i]))
    await asyncio.sleep(0)
    loop.call_soon(chain[0].set_result, 10)
    for turn in range(8):
        print("turn", turn, [f.done() for f in chain].count(True))
        await asyncio.sleep(0)


asyncio.run(main())
