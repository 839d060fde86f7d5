"""run() cancels all that is left, also what never began."""

import asyncio

log = []


async def left_over(name, turns):
    log.append(f"{name} begins")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        for _ in range(turns):
            await asyncio.sleep(0)
        log.append(f"{name} is clean")
        raise


async def swallows():
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        log.append("swallowed")
    await asyncio.sleep(0)
    log.append("swallower ends")


async def main():
    for i in range(5):
        asyncio.create_task(left_over(f"task {i}", i))
    asyncio.create_task(swallows())
    await asyncio.sleep(0)
    asyncio.create_task(left_over("too late", 0))
    return len(asyncio.all_tasks())


print(asyncio.run(main()))
# In which order they are cancelled is left open in Python.
print(*sorted(log), sep="\n")
