"""Blocking work in threads: results and errors come back to who awaits."""

import asyncio
import contextvars
import threading
import time

variable = contextvars.ContextVar("variable", default="unset")


def work(n, milliseconds):
    time.sleep(milliseconds / 1000)
    return n * n


def fail(text):
    raise ValueError(text)


def look():
    seen = variable.get()
    variable.set("changed in the thread")
    return seen


async def main():
    loop_thread = threading.get_ident()
    print(await asyncio.to_thread(threading.get_ident) == loop_thread)
    tasks = [asyncio.create_task(asyncio.to_thread(work, n, pause))
             for n, pause in ((1, 30), (2, 5), (3, 15), (4, 0))]
    for task in tasks:
        print("square", await task)
    try:
        await asyncio.to_thread(fail, "in the thread")
    except ValueError as e:
        print("caught", e)
    variable.set("main's")
    print(await asyncio.to_thread(look), variable.get())


asyncio.run(main())
