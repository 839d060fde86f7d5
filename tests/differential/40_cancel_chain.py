"""A cancellation goes to the end of a chain of tasks and comes back."""

import asyncio


async def link(n, future):
    print("link", n)
    try:
        if n == 0:
            await future
        else:
            await asyncio.create_task(link(n - 1, future))
    except asyncio.CancelledError as e:
        print("link", n, "cancelled", *e.args,
              asyncio.current_task().cancelling())
        raise


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    task = asyncio.create_task(link(4, future))
    for _ in range(7):
        await asyncio.sleep(0)
    print(len(asyncio.all_tasks()))
    task.cancel("from above")
    print(future.cancelled())
    for turn in range(7):
        print("turn", turn, len(asyncio.all_tasks()), task.done())
        await asyncio.sleep(0)
    print(task.cancelled())


asyncio.run(main())
