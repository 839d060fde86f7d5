"""A timer that is made by a timer runs in a later turn."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()

    def tick(name, left):
        print(name, left)
        if left:
            loop.call_soon(print, name, "soon", left)
            loop.call_later(-left, tick, name, left - 1)

    loop.call_later(-1, tick, "a", 3)
    loop.call_soon(tick, "b", 2)
    loop.call_later(-5, tick, "c", 1)
    for turn in range(6):
        print("turn", turn)
        await asyncio.sleep(0)


asyncio.run(main())
