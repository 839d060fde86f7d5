"""A thread gives coroutines to the loop and waits for their results."""

import asyncio
import concurrent.futures
import threading


async def double(n):
    await asyncio.sleep(0)
    return 2 * n


async def fails():
    raise ValueError("in the loop")


async def hangs():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("cancelled by the thread")
        raise


def other(loop, lines):
    def ask(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop)

    lines.append(f"doubled {ask(double(4)).result()}")
    try:
        ask(fails()).result()
    except ValueError as e:
        lines.append(f"caught {e}")
    hanging = ask(hangs())
    try:
        hanging.result(0.05)
    except TimeoutError:
        lines.append("takes too long")
    lines.append(f"cancel {hanging.cancel()}")
    try:
        hanging.result()
    except concurrent.futures.CancelledError:
        lines.append("cancelled")


async def main():
    lines = []
    await asyncio.to_thread(other, asyncio.get_running_loop(), lines)
    print(*lines, sep="\n")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    print("left", len(asyncio.all_tasks()))


asyncio.run(main())
