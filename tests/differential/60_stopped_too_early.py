"""run_until_complete of what is stopped before its end."""

import asyncio


async def child(loop):
    print("child begins")
    await asyncio.sleep(0)
    loop.stop()
    print("child has stopped the loop")
    await asyncio.sleep(0)
    print("child goes on")
    return "value"


loop = asyncio.new_event_loop()
task = loop.create_task(child(loop))
loop.call_soon(print, "soon")
try:
    loop.run_until_complete(task)
except RuntimeError:
    print("stopped too early", task.done())
print(loop.run_until_complete(task))
print(loop.run_until_complete(task))


async def fails():
    await asyncio.sleep(0)
    raise ValueError("bad")


async def cancelled():
    raise asyncio.CancelledError("no")


for body in (fails, cancelled):
    try:
        loop.run_until_complete(body())
    except ValueError as e:
        print("failed", e)
    except asyncio.CancelledError as e:
        print("cancelled", *e.args)
loop.close()
try:
    loop.call_soon(print, "never")
except RuntimeError:
    print("closed")
