"""Ten tasks that await each other, cancelled at different places."""

import asyncio


async def member(i, before):
    try:
        if before:
            await before
        else:
            await asyncio.sleep(3600)
        print(i, "ends")
    except asyncio.CancelledError as e:
        print(i, "cancelled", *e.args)
        if i % 3:
            raise
        await asyncio.sleep(0)
        print(i, "goes on")


async def main():
    tasks = []
    for i in range(10):
        tasks.append(asyncio.create_task(
            member(i, tasks[-1] if tasks else None), name=f"t{i}"))
    for _ in range(2):
        await asyncio.sleep(0)
    tasks[4].cancel("at 4")
    print([t.cancelling() for t in tasks].index(1))
    for turn in range(14):
        print("turn", turn, *[t.get_name() for t in tasks if not t.done()])
        if turn == 3:
            print(tasks[9].cancel("at 9"))
        await asyncio.sleep(0)
    print(*[t.get_name() for t in tasks if t.cancelled()])


asyncio.run(main())
