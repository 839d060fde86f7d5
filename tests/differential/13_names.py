"""Names, and who runs now."""

import asyncio


def me():
    task = asyncio.current_task()
    return task.get_name() if task else "nobody"


async def helper():
    return me()


async def child(pause):
    print("begins", me())
    for _ in range(pause):
        await asyncio.sleep(0)
        print("still", me())
    print("inside", await helper())


async def main():
    loop = asyncio.get_running_loop()
    print(me())
    a = asyncio.create_task(child(2))
    b = asyncio.create_task(child(1), name="bert")
    c = asyncio.create_task(child(3))
    loop.call_soon(lambda: print("callback of", me()))
    await b
    print(me(), "after", b.get_name())
    a.set_name("anna")
    a.add_done_callback(lambda t: print("done", t.get_name(), me()))
    await c
    print(a.get_name(), b.get_name(), c.get_name())
    asyncio.current_task().set_name("boss")
    print(me())


asyncio.run(main())
