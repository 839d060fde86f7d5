"""A callback has a copy of the variables of who asked for it."""

import asyncio
import contextvars

variable = contextvars.ContextVar("variable", default="unset")


def show(where, value=None):
    print(where, variable.get())
    if value:
        variable.set(value)


async def waiter(future):
    variable.set("waiter's")
    await future
    show("waiter")


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    variable.set("one")
    loop.call_soon(show, "soon 1", "changed by soon 1")
    loop.call_later(-1, show, "timer", "changed by the timer")
    future.add_done_callback(lambda f: show("done 1", "changed by done 1"))
    variable.set("two")
    loop.call_soon(show, "soon 2")
    future.add_done_callback(lambda f: show("done 2"))
    task = asyncio.create_task(waiter(future))
    await asyncio.sleep(0)
    variable.set("three")
    future.set_result(None)
    future.add_done_callback(lambda f: show("done 3"))
    loop.call_soon(lambda: (show("outer", "four"),
                            loop.call_soon(show, "inner")))
    await task
    show("main")
    await asyncio.sleep(0)


asyncio.run(main())
