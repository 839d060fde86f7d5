"""Sleeps end in the order of their delays. (depends on real time)"""

import asyncio


async def sleeper(name, milliseconds):
    got = await asyncio.sleep(milliseconds / 1000, name)
    print(got, "wakes")
    return milliseconds


async def main():
    delays = (90, 30, 120, 60)
    tasks = [asyncio.create_task(sleeper(f"s{i}", delay))
             for i, delay in enumerate(delays)]
    total = 0
    for task in tasks:
        total += await task
        print("main", total)


asyncio.run(main())
