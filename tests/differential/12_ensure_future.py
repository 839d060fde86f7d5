"""ensure_future gives tasks and futures back, and makes tasks of the rest."""

import asyncio


class Custom:
    def __init__(self, future):
        self.future = future

    def __await__(self):
        return self.future.__await__()


async def child(name):
    print(name, "runs")
    await asyncio.sleep(0)
    return name


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    task = asyncio.create_task(child("task"))
    made = asyncio.ensure_future(child("made"))
    wrapped = asyncio.ensure_future(Custom(future))
    print(asyncio.ensure_future(task) is task,
          asyncio.ensure_future(future) is future, wrapped is future)
    loop.call_soon(print, "soon")
    print(len(asyncio.all_tasks()))
    print(await made, await task)
    future.set_result("set")
    print(wrapped.done())
    print(await wrapped)


asyncio.run(main())
