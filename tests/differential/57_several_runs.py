"""Several run_until_complete on one loop; left callbacks wait."""

import asyncio


async def child(name, turns):
    for turn in range(turns):
        print(name, turn)
        await asyncio.sleep(0)
    return name


def chain(loop, name, left):
    print(name, left)
    if left:
        loop.call_soon(chain, loop, name, left - 1)


loop = asyncio.new_event_loop()
background = loop.create_task(child("background", 12))
loop.call_soon(chain, loop, "chain", 11)
print(loop.run_until_complete(child("one", 2)))
print("between")
loop.call_soon(print, "asked between")
print(loop.run_until_complete(child("two", 0)))
print("between", background.done())
future = loop.create_future()
loop.call_soon(future.set_result, "set")
print(loop.run_until_complete(future))
print("done already:", loop.run_until_complete(future))
print(loop.run_until_complete(background))
print(loop.is_running(), loop.is_closed())
loop.close()
print(loop.is_closed())
loop.close()
