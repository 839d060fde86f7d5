"""A done callback can be taken back until the future is done."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def hello(f):
        print("hello")

    def other(f):
        print("other")
        print("too late:", f.remove_done_callback(hello))

    future.add_done_callback(hello)
    future.add_done_callback(other)
    future.add_done_callback(hello)
    print(future.remove_done_callback(hello))
    print(future.remove_done_callback(hello))
    future.add_done_callback(hello)
    future.set_result(None)
    print("after:", future.remove_done_callback(hello))
    await asyncio.sleep(0)
    print("end")


asyncio.run(main())
