#!/usr/bin/env python3
"""The workloads on Python's asyncio, or on uvloop with --uvloop.

    peer_asyncio.py [--uvloop] WORKLOAD [N]   prints one line of JSON
    peer_asyncio.py [--uvloop] echo PORT      serves until SIGTERM
"""

import argparse
import asyncio
import json
import os
import resource
import time
from concurrent.futures import ThreadPoolExecutor

from peer_asyncio_coordination import coordination


class Stopwatch:
    """Starts when it is made. CPU time is that of the whole process."""

    def __init__(self):
        self.wall = time.perf_counter_ns()
        self.cpu = time.process_time_ns()

    def elapsed(self):
        cpu = time.process_time_ns() - self.cpu
        return cpu, time.perf_counter_ns() - self.wall


def resident_bytes():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


# -- coroutines and tasks ------------------------------------------------------


async def one():
    return 1


async def child(n):
    watch = Stopwatch()
    for _ in range(n):
        await one()
    return watch.elapsed()


async def spawn(n):
    watch = Stopwatch()
    for _ in range(n):
        await asyncio.create_task(one())
    return watch.elapsed()


async def million(n):
    watch = Stopwatch()
    await asyncio.gather(*[asyncio.create_task(one()) for _ in range(n)])
    return watch.elapsed()


async def wait_for(gate):
    await gate


async def parked(n):
    gate = asyncio.get_running_loop().create_future()
    tasks = [None] * n
    before = resident_bytes()
    for i in range(n):
        tasks[i] = asyncio.create_task(wait_for(gate))
    await asyncio.sleep(0)
    after = resident_bytes()
    gate.set_result(None)
    await asyncio.wait(tasks)
    return after - before


async def give_way(times):
    for _ in range(times):
        await asyncio.sleep(0)


async def reschedule(n):
    watch = Stopwatch()
    await asyncio.gather(give_way(n // 2), give_way(n // 2))
    return watch.elapsed()


# -- time ----------------------------------------------------------------------


def nothing():
    pass


async def timer(n):
    loop = asyncio.get_running_loop()
    sooner = loop.call_later(1800, nothing)
    watch = Stopwatch()
    for i in range(n):
        loop.call_later(3600, nothing).cancel()
        if i % 64 == 63:
            await asyncio.sleep(0)
    elapsed = watch.elapsed()
    sooner.cancel()
    return elapsed


async def timer0(n):
    watch = Stopwatch()
    for _ in range(n):
        await asyncio.sleep(1e-9)  # sleep(0) would set no timer
    return watch.elapsed()


async def sleeps(n):
    watch = Stopwatch()
    tasks = [
        asyncio.create_task(asyncio.sleep(i * 7919 % 100_000 / 1e6))
        for i in range(n)
    ]
    await asyncio.sleep(0)
    for task in tasks[1::2]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return watch.elapsed()


# -- threads -------------------------------------------------------------------


async def to_thread(n):
    with ThreadPoolExecutor(2) as pool:
        asyncio.get_running_loop().set_default_executor(pool)
        watch = Stopwatch()
        for _ in range(n):
            await asyncio.to_thread(int)
        return watch.elapsed()


# -- TCP echo ------------------------------------------------------------------


async def echo(reader, writer):
    try:
        while data := await reader.read(1024):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass  # the client has gone
    finally:
        writer.close()


async def serve_echo(port):
    server = await asyncio.start_server(
        echo, "127.0.0.1", port, limit=1024, backlog=4096
    )
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# ------------------------------------------------------------------------------

CALIBRATED = {
    each.__name__: each
    for each in (child, spawn, reschedule, timer, timer0, to_thread)
}
FIXED = {"million": (million, 1_000_000), "sleeps": (sleeps, 100_000)}
for table, more in zip((CALIBRATED, FIXED), coordination(Stopwatch)):
    table.update(more)


def calibrate(run):
    """Grows n until a run is long enough to tell how many fit into 0.4 s.

    The runs are the warm-up too.
    """
    enough, target = 40e6, 400e6
    n = 16
    while True:
        wall = run(n)[1]
        if wall >= enough:
            return int(n * max(target / wall, 1))
        n = int(n * min(1.2 * enough / wall, 50)) + 1


def cost(n, elapsed):
    cpu, wall = elapsed
    return {"n": n, "cpu_ns": round(cpu / n, 2), "wall_ns": round(wall / n, 2)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--uvloop", action="store_true")
    parser.add_argument("workload")
    parser.add_argument("n", type=int, nargs="?", default=0)
    args = parser.parse_args()
    name, n = args.workload, args.n

    new_loop = asyncio.new_event_loop
    if args.uvloop:
        import uvloop

        new_loop = uvloop.new_event_loop

    def run(body, argument):
        loop = new_loop()
        try:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(body(argument))
        finally:
            loop.close()

    if name == "echo":
        run(serve_echo, n)
        return

    line = {"workload": name, "peer": "uvloop" if args.uvloop else "asyncio"}
    if name == "parked":
        n = n or 100_000
        line |= {"n": n, "bytes": round(run(parked, n) / n, 1)}
    elif name in FIXED:
        body, default = FIXED[name]
        n = n or default
        before = resident_bytes()
        line |= cost(n, run(body, n))
        usage = resource.getrusage(resource.RUSAGE_SELF)
        line["peak"] = round((usage.ru_maxrss * 1024 - before) / n, 1)
    elif name in CALIBRATED:
        body = CALIBRATED[name]
        if n:
            run(body, n // 10 + 1)  # warm-up
        else:
            n = calibrate(lambda count: run(body, count))
        line |= cost(n, run(body, n))
    else:
        line["na"] = True
    print(json.dumps(line))


if __name__ == "__main__":
    main()
