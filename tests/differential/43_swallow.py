"""A task may swallow cancellations and go on; each cancel() is one."""

import asyncio


async def stubborn():
    for i in range(4):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as e:
            print("swallowed", i, *e.args,
                  asyncio.current_task().cancelling())
    return 42


async def main():
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    for i in range(4):
        print("cancel", i, task.cancel(f"m{i}"))
        await asyncio.sleep(0)
        print("done", task.done())
    print(await task, task.cancelled(), task.cancelling())


asyncio.run(main())
