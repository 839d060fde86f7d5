"""A body that raises the cancellation by itself ends as cancelled."""

import asyncio


async def gives_up(pause):
    for _ in range(pause):
        await asyncio.sleep(0)
    raise asyncio.CancelledError("gave up")


async def main():
    for pause in (0, 2):
        task = asyncio.create_task(gives_up(pause))
        task.add_done_callback(lambda t: print("done", t.cancelled()))
        try:
            await task
        except asyncio.CancelledError as e:
            print("caught", *e.args)
        print(task.cancelled(), task.cancelling(),
              asyncio.current_task().cancelling())
    try:
        await gives_up(1)
    except asyncio.CancelledError as e:
        print("caught inside", *e.args)


asyncio.run(main())
