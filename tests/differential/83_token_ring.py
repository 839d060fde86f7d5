"""A token goes round in a ring of 20 tasks."""

import asyncio


async def member(i, ring, laps):
    loop = asyncio.get_running_loop()
    following = (i + 1) % len(ring)
    for lap in range(laps):
        token = await ring[i]
        ring[i] = loop.create_future()
        if token % 7 == 0:
            print("member", i, "lap", lap, "token", token)
        ring[following].set_result(token + 1)
    return i


async def main():
    loop = asyncio.get_running_loop()
    ring = [loop.create_future() for _ in range(20)]
    tasks = [asyncio.create_task(member(i, ring, 4)) for i in range(20)]
    ring[0].set_result(0)
    turns = 0
    while not tasks[-1].done():
        turns += 1
        await asyncio.sleep(0)
    print("turns", turns)
    print("token", await ring[0])
    print(sum([await task for task in tasks]))


asyncio.run(main())
