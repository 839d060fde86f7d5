"""Done callbacks run in their order, never inside set_result."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def report(name):
        return lambda f: print(name, f.result())

    def adder(f):
        print("adder", f.result())
        f.add_done_callback(report("added inside"))
        print("adder ends")

    future.add_done_callback(report("first"))
    future.add_done_callback(adder)
    future.add_done_callback(report("third"))
    loop.call_soon(print, "soon before")
    future.set_result(5)
    print("set")
    loop.call_soon(print, "soon after")
    future.add_done_callback(report("on a done future"))
    print("turn 0")
    await asyncio.sleep(0)
    print("turn 1")
    await asyncio.sleep(0)
    print("end")


asyncio.run(main())
