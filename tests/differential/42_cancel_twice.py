"""Two cancellations of one turn: one error; which message it carries."""

import asyncio


async def waiter(name, future):
    try:
        await future
        print(name, "goes on")
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args, asyncio.current_task().cancelling())
    try:
        await asyncio.sleep(0)
        print(name, "is not cancelled again")
    except asyncio.CancelledError as e:
        print(name, "again", *e.args)
    return asyncio.current_task().cancelling()


async def yielder(name):
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args, asyncio.current_task().cancelling())
    await asyncio.sleep(0)
    print(name, "ends")


async def main():
    loop = asyncio.get_running_loop()
    a = asyncio.create_task(waiter("a", loop.create_future()))
    b = asyncio.create_task(yielder("b"))
    await asyncio.sleep(0)
    late = asyncio.create_task(waiter("late", loop.create_future()))
    for task in (a, b, late):
        print(task.cancel("one"), task.cancel("two"), task.cancelling())
    print(await a)
    await b
    try:
        await late
    except asyncio.CancelledError as e:
        print("late", *e.args, late.cancelling())


asyncio.run(main())
