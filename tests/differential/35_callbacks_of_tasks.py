"""Done callbacks of tasks that return, fail or are cancelled."""

import asyncio


def report(task):
    name = task.get_name()
    if task.cancelled():
        print(name, "was cancelled")
    elif task.exception():
        print(name, "failed:", task.exception())
    else:
        print(name, "returned", task.result())


async def returns():
    await asyncio.sleep(0)
    return 1


async def fails():
    await asyncio.sleep(0)
    raise ValueError("no")


async def waits():
    await asyncio.sleep(3600)


async def main():
    loop = asyncio.get_running_loop()
    tasks = []
    for name, body in (("r", returns), ("f", fails), ("w", waits),
                       ("r2", returns)):
        task = loop.create_task(body(), name=name)
        task.add_done_callback(report)
        tasks.append(task)
    await asyncio.sleep(0)
    tasks[2].cancel()
    for turn in range(4):
        print("turn", turn, [t.done() for t in tasks].count(True))
        await asyncio.sleep(0)
    tasks[0].add_done_callback(report)
    tasks[1].add_done_callback(report)
    await asyncio.sleep(0)


asyncio.run(main())
