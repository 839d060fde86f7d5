"""A task that fails while run() cancels it is told to the handler."""

import asyncio


async def fails_at_the_end():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("fails now")
        raise ValueError("while it was cancelled") from None


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(
        lambda loop, context: print("handler:", context["exception"]))
    task = asyncio.create_task(fails_at_the_end())
    task.add_done_callback(lambda t: print("done callback"))
    await asyncio.sleep(0)
    del task
    return "main's value"


print(asyncio.run(main()))
