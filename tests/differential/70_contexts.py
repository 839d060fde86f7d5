"""Contexts that are shared on purpose; tokens; defaults."""

import asyncio
import contextvars

variable = contextvars.ContextVar("variable")
other = contextvars.ContextVar("other", default="default")


def show(where):
    print(where, variable.get("nothing"), other.get())


def put(value):
    variable.set(value)


async def child(name):
    show(name)
    variable.set(name)
    await asyncio.sleep(0)
    show(name)


async def main():
    loop = asyncio.get_running_loop()
    try:
        variable.get()
    except LookupError:
        print("unset")
    context = contextvars.copy_context()
    context.run(put, "in the context")
    context.run(show, "in the context")
    show("main")
    a = loop.create_task(child("a"), context=context)
    b = loop.create_task(child("b"), context=context)
    loop.call_soon(show, "callback", context=context)
    await a
    await b
    context.run(show, "after the tasks")
    show("main")
    token = variable.set("first")
    inner = variable.set("second")
    show("set twice")
    variable.reset(inner)
    show("reset once")
    variable.reset(token)
    show("reset twice")
    other.set("changed")
    await asyncio.create_task(child("c"))
    show("main")


asyncio.run(main())
