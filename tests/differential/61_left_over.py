"""run() cancels the task that is left and lets it clean up."""

import asyncio


async def left_over():
    loop = asyncio.get_running_loop()
    try:
        print("left over begins")
        await asyncio.sleep(3600)
    except asyncio.CancelledError as e:
        print("left over cancelled", len(e.args),
              asyncio.current_task().cancelling())
        loop.call_soon(print, "callback of the clean-up")
        await asyncio.sleep(0)
        print("clean-up goes on")
        await asyncio.sleep(1e-9)
        print("clean-up ends")
        raise
    finally:
        print("left over leaves")


async def main():
    asyncio.get_running_loop()
    task = asyncio.create_task(left_over())
    task.add_done_callback(lambda t: print("done", t.cancelled()))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(print, "soon of main's last turn")
    print("main ends")
    return "value"


print(asyncio.run(main()))
