"""What a future refuses."""

import asyncio


def attempt(name, function):
    try:
        function()
        print(name, "done")
    except asyncio.InvalidStateError:
        print(name, "invalid state")
    except asyncio.CancelledError as e:
        print(name, "cancelled", *e.args)
    except RuntimeError:
        print(name, "refused")


async def child():
    await asyncio.sleep(0)


async def main():
    loop = asyncio.get_running_loop()
    f = loop.create_future()
    attempt("result of pending", f.result)
    attempt("exception of pending", f.exception)
    attempt("set", lambda: f.set_result(1))
    attempt("set twice", lambda: f.set_result(2))
    attempt("fail after set", lambda: f.set_exception(ValueError("x")))
    print(f.cancel(), f.cancelled(), f.result(), f.exception())
    g = loop.create_future()
    print(g.cancel(), g.cancel(), g.cancelled(), g.done())
    attempt("set cancelled", lambda: g.set_result(1))
    attempt("result of cancelled", g.result)
    attempt("exception of cancelled", g.exception)
    h = loop.create_future()
    print(h.cancel("why"))
    attempt("result with message", h.result)
    task = asyncio.create_task(child())
    attempt("set a task", lambda: task.set_result(None))
    attempt("fail a task", lambda: task.set_exception(ValueError("x")))
    await task
    print("task", task.done(), task.cancelled(), task.exception())


asyncio.run(main())
