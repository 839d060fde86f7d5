"""Each cancel() goes to the end of the chain, whatever became of the last."""

import asyncio


async def inner():
    for i in range(3):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as e:
            print("inner swallows", *e.args,
                  asyncio.current_task().cancelling())
    return "value"


async def outer(task):
    try:
        print("outer got", await task)
    except asyncio.CancelledError as e:
        print("outer cancelled", *e.args)
    return asyncio.current_task().cancelling()


async def main():
    task = asyncio.create_task(inner())
    waits = asyncio.create_task(outer(task))
    await asyncio.sleep(0)
    for message in ("one", "two", "three"):
        print(waits.cancel(message), task.cancelling(), waits.cancelling())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    print(await waits)

    task = asyncio.create_task(inner())
    waits = asyncio.create_task(outer(task))
    await asyncio.sleep(0)
    print(waits.cancel("first"), waits.cancel("second"))
    print(task.cancelling(), waits.cancelling())
    for _ in range(2):
        await asyncio.sleep(0)
        print(task.cancel("direct"))
    print(await waits)


asyncio.run(main())
