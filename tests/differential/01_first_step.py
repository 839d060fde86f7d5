"""A new task begins when its maker suspends, in the order of the calls."""

import asyncio


async def child(name):
    print(name, "begins")
    await asyncio.sleep(0)
    print(name, "ends")


async def main():
    tasks = [asyncio.create_task(child(name)) for name in "abc"]
    print("made", tasks[0].done())
    await asyncio.sleep(0)
    print("main after one turn", tasks[0].done())
    for task in tasks:
        await task
    print("end")


asyncio.run(main())
