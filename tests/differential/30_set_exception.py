"""All who await a failed future get its error."""

import asyncio


async def waiter(name, future):
    try:
        await future
    except ValueError as e:
        print(name, "caught", e)
    try:
        future.result()
    except ValueError as e:
        print(name, "read", e)


async def main():
    future = asyncio.get_running_loop().create_future()
    tasks = [asyncio.create_task(waiter(f"w{i}", future)) for i in range(3)]
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: print("callback", f.exception()))
    future.set_exception(ValueError("bad"))
    print(future.done(), future.cancelled())
    for task in tasks:
        await task
    try:
        await future
    except ValueError as e:
        print("main caught", e)
    print("end")


asyncio.run(main())
