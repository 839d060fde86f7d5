"""A sleep ends before longer ones that began earlier, and never too early."""

import asyncio


async def sleeper(name, seconds):
    got = await asyncio.sleep(seconds, name)
    print(got, "wakes")
    return len(got)


async def main():
    loop = asyncio.get_running_loop()
    begin = loop.time()
    long = [asyncio.create_task(sleeper(name, 3600)) for name in ("a", "b")]
    total = 0
    for name, seconds in (("first", 0.03), ("second", 0.02), ("third", 0.01)):
        total += await asyncio.create_task(sleeper(name, seconds))
        print("main", total, [task.done() for task in long].count(True))
    print("in time", loop.time() - begin >= 0.06)
    for task in long:
        task.cancel()


asyncio.run(main())
