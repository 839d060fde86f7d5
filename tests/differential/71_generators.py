"""Asynchronous generators between other tasks."""

import asyncio


async def numbers(name, end):
    print(name, "begins")
    for i in range(end):
        await asyncio.sleep(0)
        yield i
        print(name, "after", i)
    print(name, "ends")


async def quick(end):
    for i in range(end):
        yield i * i


async def reader(name, end):
    async for i in numbers(name, end):
        print(name, "got", i)


async def main():
    tasks = [asyncio.create_task(reader("a", 3)),
             asyncio.create_task(reader("b", 1)),
             asyncio.create_task(reader("c", 0))]
    asyncio.get_running_loop().call_soon(print, "soon")
    total = 0
    async for square in quick(4):
        total += square
    print("total without a turn", total)
    for task in tasks:
        await task
        print("main")


asyncio.run(main())
