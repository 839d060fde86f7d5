"""A callback that is asked for inside a callback runs in the next turn."""

import asyncio


def chain(loop, name, left):
    print(name, left)
    if left:
        loop.call_soon(chain, loop, name, left - 1)
        if left == 2:
            loop.call_soon(print, name, "extra")


async def child():
    for step in range(3):
        print("child", step)
        await asyncio.sleep(0)


async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(chain, loop, "a", 3)
    task = asyncio.create_task(child())
    loop.call_soon(chain, loop, "b", 2)
    await task
    print("main")
    await asyncio.sleep(0)


asyncio.run(main())
