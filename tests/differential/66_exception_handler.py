"""Errors of callbacks go to the handler; the loop goes on."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()

    def handler(its_loop, context):
        print("handler", its_loop is loop, context["exception"])
        loop.call_soon(print, "asked in the handler")

    def fail(text):
        raise ValueError(text)

    loop.set_exception_handler(handler)
    loop.call_soon(fail, "first")
    loop.call_soon(print, "next")
    loop.call_later(-1, fail, "timer")
    future = loop.create_future()
    future.add_done_callback(lambda f: fail("done callback"))
    future.add_done_callback(lambda f: print("second done callback"))
    future.set_result(None)
    for turn in range(3):
        print("turn", turn)
        await asyncio.sleep(0)
    loop.call_exception_handler({"message": "by hand",
                                 "exception": ValueError("by hand")})
    await asyncio.sleep(0)
    loop.set_exception_handler(None)
    print(loop.get_exception_handler())


asyncio.run(main())
