"""all_tasks counts the tasks that are not done."""

import asyncio


def count(where):
    print(where, len(asyncio.all_tasks()))


async def child(steps):
    for _ in range(steps):
        await asyncio.sleep(0)
    count(f"child {steps}")


async def main():
    count("alone")
    tasks = [asyncio.create_task(child(n)) for n in (1, 2, 3)]
    count("made")
    await asyncio.sleep(0)
    count("began")
    await tasks[0]
    count("one done")
    tasks[2].cancel()
    count("one asked to cancel")
    await asyncio.sleep(0)
    count("that one ended")
    await tasks[1]
    count("all done")
    print(sorted(t.get_name() for t in asyncio.all_tasks()))


asyncio.run(main())
