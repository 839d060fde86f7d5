"""Cancelled timers do not run, also when another timer cancels them."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    now = loop.time()
    timers = {}

    def fire(name, victim=None):
        print(name)
        if victim:
            timers[victim].cancel()
            print(victim, timers[victim].cancelled())

    timers["a"] = loop.call_at(now - 5, fire, "a", "c")
    timers["b"] = loop.call_at(now - 4, fire, "b")
    timers["c"] = loop.call_at(now - 3, fire, "c")
    timers["d"] = loop.call_at(now - 2, fire, "d", "a")
    timers["e"] = loop.call_at(now - 1, fire, "e")
    timers["far"] = loop.call_later(1000, fire, "far")
    timers["e"].cancel()
    timers["far"].cancel()
    print([timers[name].cancelled() for name in ("a", "e", "far")].count(True))
    print(timers["a"].when() < timers["b"].when())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("end")


asyncio.run(main())
