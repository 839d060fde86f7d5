"""Futures, tasks and callbacks may be made before the loop runs."""

import asyncio


async def child(name, future):
    print(name, "begins")
    print(name, await future)
    return name


loop = asyncio.new_event_loop()
future = loop.create_future()
future.add_done_callback(lambda f: print("callback", f.result()))
loop.call_soon(print, "soon 1")
a = loop.create_task(child("a", future))
loop.call_later(-1, print, "timer")
b = loop.create_task(child("b", future))
loop.call_soon(print, "soon 2")
future.set_result("early")
print("run")
print(loop.run_until_complete(b))
print(a.done(), a.result())
print(loop.run_until_complete(future))
loop.close()
