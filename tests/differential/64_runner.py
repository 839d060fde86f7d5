"""A runner keeps its loop and its context from run to run."""

import asyncio
import contextvars

variable = contextvars.ContextVar("variable", default="unset")


async def step(value):
    print("was", variable.get())
    variable.set(value)
    task = asyncio.create_task(child(value))
    await task
    print("after the child", variable.get())
    asyncio.get_running_loop().call_soon(print, "left by", value)
    return value


async def child(value):
    print("child of", variable.get())
    variable.set("child's")


with asyncio.Runner() as runner:
    print(runner.run(step("one")))
    loop = runner.get_loop()
    print(runner.run(step("two")))
    print(runner.get_loop() is loop)
    print(runner.run(step("three")))
print("outside", variable.get())
try:
    runner.get_loop()
except RuntimeError:
    print("closed")
