"""A generator's clean-up may await when it is closed by aclose()."""

import asyncio


async def source(name, turns):
    try:
        for i in range(5):
            yield f"{name} {i}"
    finally:
        print(name, "cleans up")
        for turn in range(turns):
            await asyncio.sleep(0)
            print(name, "clean", turn)


async def reader(name, stop, turns):
    words = source(name, turns)
    async for word in words:
        print("got", word)
        if word.endswith(stop):
            break
        await asyncio.sleep(0)
    await words.aclose()
    print(name, "closed")


async def main():
    tasks = [asyncio.create_task(reader("a", "1", 2)),
             asyncio.create_task(reader("b", "0", 3)),
             asyncio.create_task(reader("c", "9", 1))]
    for task in tasks:
        await task
        print("main")
    early = source("early", 1)
    print("first", await anext(early))
    asyncio.get_running_loop().call_soon(print, "soon")
    closing = asyncio.create_task(close(early))
    await closing
    print("end")


async def close(generator):
    await generator.aclose()
    print("closed by a task")


asyncio.run(main())
