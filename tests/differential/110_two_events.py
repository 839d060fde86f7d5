"""Two tasks that wake each other in turn."""

import asyncio


async def player(name, mine, other, rounds):
    for i in range(rounds):
        await mine.wait()
        mine.clear()
        print(name, i)
        other.set()


async def main():
    ping, pong = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(player("ping", ping, pong, 4)),
             asyncio.create_task(player("pong", pong, ping, 4))]
    ping.set()
    turn = 0
    while not tasks[1].done():
        print("turn", turn)
        turn += 1
        await asyncio.sleep(0)
    print(ping.is_set(), pong.is_set())


asyncio.run(main())
