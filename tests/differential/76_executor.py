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
        seen = []
        futures[3].add_done_callback(lambda f: seen.append(f.result()))
        for future in futures:
            print(await future)
        print(log)
        await asyncio.sleep(0)
        print("the callback saw", *seen)
    print(await loop.run_in_executor(None, work, "default"))
    await loop.shutdown_default_executor()
    try:
        await loop.run_in_executor(None, work, "too late")
    except RuntimeError:
        print("shut down")


asyncio.run(main())
