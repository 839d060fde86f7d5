"""Two tasks hand a ball to and fro by futures."""

import asyncio


async def player(name, mine, others, rallies):
    loop = asyncio.get_running_loop()
    for _ in range(rallies):
        ball = await mine[0]
        mine[0] = loop.create_future()
        print(name, ball)
        others[0].set_result(ball + 1)
    return name


async def main():
    loop = asyncio.get_running_loop()
    left, right = [loop.create_future()], [loop.create_future()]
    ping = asyncio.create_task(player("ping", left, right, 6))
    pong = asyncio.create_task(player("pong", right, left, 6))
    left[0].set_result(0)
    turns = 0
    while not pong.done():
        print("turn", turns)
        turns += 1
        await asyncio.sleep(0)
    print(await ping, await pong, await left[0])


asyncio.run(main())
