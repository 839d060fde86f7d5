"""One thread works the jobs off in their order."""

import asyncio
import concurrent.futures

log = []


def work(name):
    log.append(name)
    return len(log)


async def main():
    loop = asyncio.get_running_loop()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        futures = [loop.run_in_executor(pool, work, name) for name in "abcd"]
        futures[3].add_done_callback(
            lambda f: print("the last is done", f.result()))
        print("not yet", [f.done() for f in futures].count(True) < 5)
        for future in futures:
            print(await future)
        print(log)
        await asyncio.sleep(0)
    print(await loop.run_in_executor(None, work, "default"))
    await loop.shutdown_default_executor()
    try:
        await loop.run_in_executor(None, work, "too late")
    except RuntimeError:
        print("shut down")


asyncio.run(main())
