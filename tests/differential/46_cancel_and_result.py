"""Result and cancellation in one turn, in both orders."""

import asyncio


async def waiter(name, future):
    try:
        print(name, "got", await future)
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args, future.cancelled())
        raise
    except ValueError as e:
        print(name, "failed", e)


async def main():
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(4)]
    tasks = [asyncio.create_task(waiter(f"w{i}", f))
             for i, f in enumerate(futures)]
    await asyncio.sleep(0)
    futures[0].set_result("r0")
    print(tasks[0].cancel("after the result"))
    print(tasks[1].cancel("before the result"))
    try:
        futures[1].set_result("r1")
    except asyncio.InvalidStateError:
        print("invalid state")
    futures[2].set_exception(ValueError("e2"))
    print(tasks[2].cancel("after the error"))
    futures[3].cancel("the future")
    print(tasks[3].cancel("the task"))
    for turn in range(2):
        await asyncio.sleep(0)
        print([t.cancelled() for t in tasks].count(True))
    print([t.cancelling() for t in tasks].count(1))


asyncio.run(main())
