"""run() closes the generators that are left open."""

import asyncio


async def source(name):
    try:
        yield 1
        yield 2
    finally:
        print(name, "is closed")


async def ended():
    yield 1


box = []


async def main():
    box.append(source("left open"))
    box.append(ended())
    async for i in box[0]:
        print("main got", i)
        break
    async for i in box[1]:
        print("main got", i)
    asyncio.get_running_loop().call_soon(print, "soon")
    print("main ends")


asyncio.run(main())
print("over")
