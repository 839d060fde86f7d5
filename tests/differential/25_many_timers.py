"""200 timers with all kinds of deadlines, a third of them cancelled."""

import asyncio


async def main():
    loop = asyncio.get_running_loop()
    base = loop.time() - 1000
    seed = 1
    timers = []
    for i in range(200):
        seed = (seed * 1103515245 + 12345) % 2147483648
        # i makes each deadline unique
        milliseconds = seed // 65536 % 500 * 1000 + i
        timers.append(loop.call_at(base + milliseconds / 1000,
                                   print, i, milliseconds))
    for i in range(0, 200, 3):
        timers[i].cancel()
    loop.call_soon(print, "ready")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("end")


asyncio.run(main())
