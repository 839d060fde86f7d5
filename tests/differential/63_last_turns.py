"""How many turns the loop makes after main has ended."""

import asyncio

turns = 0


def count(loop):
    global turns
    turns += 1
    print("turn", turns)
    loop.call_soon(count, loop)


async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(print, "soon")
    loop.call_soon(count, loop)
    print("main ends")


asyncio.run(main())
print("over")
