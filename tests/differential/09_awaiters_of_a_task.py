"""Whoever awaits a task goes on in the order of the line."""

import asyncio


async def work():
    await asyncio.sleep(0)
    print("work ends")
    return 42


async def waiter(name, task, pause):
    for _ in range(pause):
        await asyncio.sleep(0)
    print(name, "waits, done:", task.done())
    print(name, "got", await task)


async def main():
    loop = asyncio.get_running_loop()
    task = loop.create_task(work())
    task.add_done_callback(lambda t: print("callback", t.result()))
    waiters = [asyncio.create_task(waiter(f"w{i}", task, i))
               for i in (2, 0, 1, 3)]
    loop.call_soon(lambda: task.add_done_callback(
        lambda t: print("late callback", t.result())))
    for w in waiters:
        await w
    print("end")


asyncio.run(main())
