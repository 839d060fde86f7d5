"""Who awaits a future that is cancelled gets the cancellation."""

import asyncio


async def waiter(name, future, swallow):
    try:
        await future
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args,
              asyncio.current_task().cancelling())
        if not swallow:
            raise
    return name


async def main():
    future = asyncio.get_running_loop().create_future()
    tasks = [asyncio.create_task(waiter(f"w{i}", future, i == 1))
             for i in range(3)]
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: print("callback", f.cancelled()))
    print(future.cancel("enough"), future.cancel("again"))
    for i, task in enumerate(tasks):
        try:
            print("main got", await task)
        except asyncio.CancelledError:
            print("main sees", i, "cancelled")
        print(task.cancelled(), task.cancelling())


asyncio.run(main())
