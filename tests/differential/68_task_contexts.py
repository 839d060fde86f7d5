"""A task has a copy of its maker's variables as they were."""

import asyncio
import contextvars

variable = contextvars.ContextVar("variable", default=0)


async def child(name, turns):
    print(name, "began with", variable.get())
    for turn in range(turns):
        variable.set(variable.get() + 10)
        await asyncio.sleep(0)
        print(name, variable.get())


async def plain(value):
    variable.set(value)


async def main():
    variable.set(1)
    a = asyncio.create_task(child("a", 2))
    variable.set(2)
    b = asyncio.create_task(child("b", 3))
    variable.set(3)
    await asyncio.sleep(0)
    print("main", variable.get())
    await plain(4)
    print("a coroutine is no task", variable.get())
    c = asyncio.create_task(plain(5))
    await c
    print("a task is", variable.get())
    await a
    await b
    print("main", variable.get())


asyncio.run(main())
print("outside", variable.get())
