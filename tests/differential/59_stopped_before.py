"""stop() before the run: one turn."""

import asyncio


async def child():
    for turn in range(4):
        print("child", turn)
        await asyncio.sleep(0)
    return "ended"


loop = asyncio.new_event_loop()
task = loop.create_task(child())
for _ in range(3):
    loop.stop()
    loop.call_soon(print, "soon")
    loop.run_forever()
    print("stopped", task.done())
print(loop.run_until_complete(task))
loop.close()
