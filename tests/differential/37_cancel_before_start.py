"""A task that is cancelled before it began never runs."""

import asyncio


async def child(name):
    print(name, "runs")


async def main():
    loop = asyncio.get_running_loop()
    a = asyncio.create_task(child("a"))
    b = asyncio.create_task(child("b"))
    c = asyncio.create_task(child("c"))
    b.add_done_callback(lambda t: print("b is done", t.cancelled()))
    print(b.cancel(), b.cancelled(), b.cancelling())
    loop.call_soon(print, "soon", b.done())
    await asyncio.sleep(0)
    print(b.done(), b.cancelled(), b.cancel(), b.cancelling())
    try:
        await b
    except asyncio.CancelledError as e:
        print("cancelled", len(e.args))
    await a
    await c


asyncio.run(main())
