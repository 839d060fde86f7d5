"""Set and cleared at once; who was ready passes first."""

import asyncio


async def wait(name, event):
    await event.wait()
    print(name, "passes", event.is_set())


async def main():
    event = asyncio.Event()
    tasks = [asyncio.create_task(wait(name, event)) for name in "ab"]
    await asyncio.sleep(0)
    event.set()
    event.clear()
    print("pulse")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(wait("c", event)))
    tasks.append(asyncio.create_task(wait("d", event)))
    await asyncio.sleep(0)
    tasks.append(asyncio.create_task(wait("e", event)))
    event.set()
    event.set()
    for task in tasks:
        await task
    event.clear()
    print("end", event.is_set())


asyncio.run(main())
