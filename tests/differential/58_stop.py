"""stop() ends the turn, not the callback; what is left waits."""

import asyncio


def noisy(loop, name):
    print(name)
    loop.call_soon(print, name, "asked inside")


loop = asyncio.new_event_loop()
loop.call_soon(print, "before")
loop.call_soon(loop.stop)
loop.call_soon(noisy, loop, "after")
loop.call_later(-1, print, "timer of the turn")
print("run 1")
loop.run_forever()
print("run 2")
loop.call_soon(print, "asked between")
loop.call_soon(loop.stop)
loop.call_soon(loop.stop)
loop.run_forever()
print("run 3")
loop.call_later(-1, loop.stop)
loop.call_soon(noisy, loop, "third")
loop.run_forever()
print("run 4")
loop.call_soon(loop.call_soon, loop.stop)
loop.call_soon(noisy, loop, "fourth")
loop.run_forever()
print("close")
loop.close()
