"""Tasks that make tasks: a tree runs level by level."""

import asyncio


async def node(path, depth):
    print(path, "in")
    if depth == 0:
        return 1
    left = asyncio.create_task(node(path + "l", depth - 1))
    right = asyncio.create_task(node(path + "r", depth - 1))
    total = await right + await left
    print(path, "out", total)
    return total


async def main():
    print(await node("t", 3))


asyncio.run(main())
