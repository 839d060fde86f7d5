#!/usr/bin/env python3
"""Measures troupe beside its peers and prints one table.

Every program runs each workload once a round; the order is random in every
round. Figures are medians of the rounds: CPU time for each operation, or bytes.
The ratio is troupe / Asio, or / the peer named beside it.
"""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "bench"

PEERS = ("troupe", "asio", "caf", "asyncio", "uvloop", "go")
LONGEST_RUN = 180  # seconds


@dataclass(frozen=True)
class Row:
    """A line of the table: one figure of one workload."""

    title: str
    workload: str
    figure: str = "cpu_ns"
    unit: str = "ns"
    ratio: float | None = None  # the most that troupe / beside may be
    beside: str = "asio"
    limit: float | None = None  # the most that troupe's figure may be


@dataclass(frozen=True)
class Load:
    """What the client does to an echo server."""

    connections: int
    depth: int = 1


LOADS = {
    "echo_1": Load(1),
    "echo_50": Load(50),
    "echo_500": Load(500),
    "echo_50x16": Load(50, 16),
}

IDLE_CONNECTIONS = 5_000

ROWS = [
    Row("await a child", "child", ratio=0.9),
    Row("spawn 1, await it", "spawn", ratio=0.6),
    Row("spawn 1,000,000, await all", "million", ratio=0.75),
    Row("the same, eager", "million_eager", ratio=0.75),
    Row("a parked task", "parked", "bytes", "bytes", limit=640),
    Row("reschedule", "reschedule", ratio=0.12),
    Row("start and cancel a timer", "timer", ratio=0.6),
    Row("await a timer due at once", "timer0", ratio=0.6),
    Row("100,000 sleeps, half cancelled", "sleeps", ratio=1.0),
    Row("to_thread round trip", "to_thread", ratio=1.0),
    Row("acquire and release a lock", "lock", ratio=1.1, beside="go"),
    # libcoro needs 72 where Go needs 222.
    Row("a lock that 4 contend for", "contended", ratio=0.32, beside="go"),
    Row("an item through a queue", "queue", ratio=0.1),
    Row("an item, 4 producers, 4 consumers", "queue_4x4", ratio=0.1),
    Row("an item, 2 workers", "queue_2", ratio=1.0, beside="go"),
    Row("an item, 4 and 4, 2 workers", "queue_4x4_2", ratio=1.0, beside="go"),
    Row("an event wakes 10,000, each", "event", ratio=0.2),
    Row("a message between two tasks", "ping_pong", ratio=0.3, beside="caf"),
    Row("ask and answer", "ask", ratio=0.5, beside="caf"),
    *(
        Row(f"{title}{what}", workload, figure, ratio=1.1, beside="caf")
        for what, figure in (("", "cpu_ns"), (", wall clock", "wall_ns"))
        for title, workload in (
            ("ask an actor of another node", "remote_ask"),
            ("the same, 64 in flight", "remote_ask_64"),
            ("call a function of another node", "remote_call"),
            ("the same call, 64 in flight", "remote_call_64"),
        )
    ),
    Row("gather 1,000,000", "gather", ratio=0.75),
    Row("gather 1,000,000, peak", "gather", "peak", "bytes"),
    Row("the same, eager", "gather_eager", ratio=0.75),
    Row("the same, eager, peak", "gather_eager", "peak", "bytes"),
    *(
        Row(f"echo {title}{what}", f"echo_{key}", figure, ratio=ratio)
        for what, figure, ratio in (
            ("", "cpu_ns", 1.02),
            (", user", "user_ns", 1.0),
        )
        for title, key in (
            ("1 connection", "1"),
            ("50 connections", "50"),
            ("500 connections", "500"),
            ("50 x depth 16", "50x16"),
        )
    ),
    Row("an idle connection", "idle_rss", "bytes", "bytes", limit=2500),
]

WORKLOADS = list(dict.fromkeys(row.workload for row in ROWS))

# Requests to another process: a program of their own, since nodes load more of
# CAF. The figures are of both processes.
NODES = {
    "troupe": "bench_nodes",
    "caf": "bench_peer_caf_nodes",
}

# Workloads whose number of operations belongs to their definition; `--quick`
# makes a smaller one of some.
FIXED = {
    "million": 1_000_000,
    "parked": 100_000,
    "sleeps": 100_000,
    "gather": 1_000_000,
    "million_eager": 1_000_000,
    "gather_eager": 1_000_000,
}
QUICK = {
    name: 200_000
    for name in ("million", "million_eager", "gather", "gather_eager")
}


class Failure(Exception):
    """A program that should have run did not."""


# -- programs ------------------------------------------------------------------


def can_import(python, module):
    run = subprocess.run(
        [python, "-c", f"import {module}"], capture_output=True, check=False
    )
    return run.returncode == 0


def build_go(folder):
    """Builds the Go peer; returns its path, or None where there is no Go."""
    sources, program = sorted(HERE.glob("*.go")), folder / "bench_peer_go"
    if not shutil.which("go"):
        return None
    newest = max(each.stat().st_mtime for each in sources)
    if program.exists() and program.stat().st_mtime > newest:
        return program
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["go", "build", "-o", program, *sources],
        env=os.environ | {"GOFLAGS": "-mod=mod", "GOPROXY": "off"},
        check=False,
    )
    return program if done.returncode == 0 else None


def find_peers(folder):
    """Returns the command of each peer that is there."""
    commands = {}
    for name, file in (
        ("troupe", "bench_troupe"),
        ("asio", "bench_peer_asio"),
        ("caf", "bench_peer_caf"),
    ):
        if (folder / file).exists():
            commands[name] = [str(folder / file)]

    # Both run on the same Python, so that they can be compared.
    pythons = list(dict.fromkeys([sys.executable, "/usr/bin/python3"]))
    with_uvloop = [each for each in pythons if can_import(each, "uvloop")]
    script = str(HERE / "peer_asyncio.py")
    commands["asyncio"] = [(with_uvloop or pythons)[0], script]
    if with_uvloop:
        commands["uvloop"] = [with_uvloop[0], script, "--uvloop"]

    if program := build_go(folder):
        commands["go"] = [str(program)]
    return commands


# -- runs ----------------------------------------------------------------------


def pin(cpu):
    return lambda: os.sched_setaffinity(0, {cpu})


def read_line(command, **options):
    """Runs a program that prints one line of JSON."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            timeout=LONGEST_RUN,
            check=True,
            **options,
        )
        return json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as problem:
        raise Failure(f"{' '.join(command)}: {problem}") from problem


class EchoServer:
    """A peer's echo server on the first cpu, its client on the last one."""

    def __init__(self, command, client):
        cpus = sorted(os.sched_getaffinity(0))
        self._client, self._client_cpu = client, cpus[-1]
        self._process = subprocess.Popen(
            [*command, "echo", "0"],
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=pin(cpus[0]),
        )
        words = self._process.stdout.readline().split()
        if len(words) != 2 or words[0] != "ready":
            self.stop()
            raise Failure(f"{' '.join(command)}: no echo server")
        self._port = words[1]

    def ask(self, *what):
        return read_line(
            [self._client, str(self._process.pid), self._port, *map(str, what)],
            preexec_fn=pin(self._client_cpu),
        )

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Bench:
    """Runs workloads and keeps what they gave."""

    def __init__(self, commands, folder, quick, seconds):
        self._commands = commands
        self._folder = folder
        self._client = str(folder / "bench_echo_client")
        self._quick = quick
        self._seconds = seconds
        self._counts = {}  # (workload, peer) -> number of operations
        self.samples = {}  # (workload, peer) -> what each round gave
        self.problems = []

    def run_round(self, workloads):
        pairs = []
        for workload in random.sample(workloads, len(workloads)):
            # Those that are compared run one after the other.
            peers = random.sample(list(self._commands), len(self._commands))
            pairs += [(workload, peer) for peer in peers]
        for number, (workload, peer) in enumerate(pairs, 1):
            progress(f"{number}/{len(pairs)} {workload} {peer}")
            try:
                result = self._run(workload, peer)
            except Failure as problem:
                self.problems.append(str(problem))
                continue
            if not result.get("na"):
                self.samples.setdefault((workload, peer), []).append(result)
        progress("")

    def _run(self, workload, peer):
        command = self._commands[peer]
        if workload.startswith("remote_"):
            if peer not in NODES:
                return {"na": True}
            command = [str(self._folder / NODES[peer])]
        if workload in LOADS:
            load = LOADS[workload]
            with EchoServer(command, self._client) as server:
                server.ask("load", 1, 1, 0.1)  # so that it is warm
                return server.ask(
                    "load", load.connections, load.depth, self._seconds
                )
        if workload == "idle_rss":
            with EchoServer(command, self._client) as server:
                return server.ask("idle", self._idle_connections())

        count = self._counts.get((workload, peer))
        if workload in FIXED:
            count = (QUICK if self._quick else FIXED).get(
                workload, FIXED[workload]
            )
        result = read_line([*command, workload, *([str(count)] * bool(count))])
        if not count and "n" in result:
            # It found out itself how many; later rounds do as many.
            share = 3 if self._quick else 1
            self._counts[workload, peer] = max(result["n"] // share, 1)
        return result

    @staticmethod
    def _idle_connections():
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return max(min(IDLE_CONNECTIONS, files - 100), 1)


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


# -- figures -------------------------------------------------------------------


def summary(row, samples):
    """The figure of a row, from what the rounds gave."""
    values = [each[row.figure] for each in samples]
    if row.figure == "user_ns":
        # Counted in ticks, a few hundred a round: only all rounds together
        # give a usable figure.
        requests = sum(each["requests"] for each in samples)
        value = (
            sum(each["user_ns"] * each["requests"] for each in samples)
            / requests
        )
    else:
        value = statistics.median(values)
    return {"value": value, "min": min(values), "max": max(values)}


def judge(row, figures):
    """Adds ratio, budget and whether it is met."""
    result = {
        "title": row.title,
        "workload": row.workload,
        "figure": row.figure,
        "beside": row.beside,
        "unit": row.unit,
        "peers": figures,
        "ratio": None,
        "limit": row.limit is not None,
        "budget": row.ratio if row.limit is None else row.limit,
        "met": None,
        "better": [],
    }
    ours = figures.get("troupe", {}).get("value")
    other = figures.get(row.beside, {}).get("value")
    if ours is None:
        return result
    if other:
        result["ratio"] = ours / other
    if row.limit is not None:
        result["met"] = ours <= row.limit
    elif other and row.ratio is not None:
        result["met"] = result["ratio"] <= row.ratio
    result["better"] = [
        name for name, each in figures.items() if each["value"] < ours
    ]
    return result


def number(value):
    if value is None:
        return "n/a"
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def table(rows):
    """The lines of the table, as Markdown."""
    head = ["per operation", *PEERS, "ratio", "budget", ""]
    lines = [head, ["---"] + ["---:"] * (len(PEERS) + 2) + ["---"]]
    for row in rows:
        cells = [f"{row['title']}, {row['unit']}"]
        for name in PEERS:
            cell = number(row["peers"].get(name, {}).get("value"))
            cells.append(f"*{cell}" if name in row["better"] else cell)
        ratio = "n/a" if row["ratio"] is None else f"{row['ratio']:.3f}"
        if row["beside"] != "asio":
            ratio = f"({row['beside']}) {ratio}"
        if row["budget"] is None:
            budget = "none"
        elif row["limit"]:
            budget = f"<= {number(row['budget'])} bytes"
        else:
            budget = f"<= {row['budget']:.2f}"
        verdict = {True: "met", False: "MISSED", None: "n/a"}[row["met"]]
        lines.append([*cells, ratio, budget, verdict])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        cells = [
            cell.ljust(width) if i in (0, len(head) - 1) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ]
        yield "| " + " | ".join(cells) + " |"


# ------------------------------------------------------------------------------


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, help="5 if not given")
    parser.add_argument("--quick", action="store_true", help="3 short rounds")
    parser.add_argument(
        "--only",
        action="append",
        metavar="WORKLOAD",
        choices=[*WORKLOADS, "echo"],
        help="may be given several times: %(choices)s",
    )
    parser.add_argument(
        "--peer",
        action="append",
        choices=PEERS,
        help="may be given several times; all if not given",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        help="of each echo run; 1.2 if not given, 0.5 with --quick",
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument(
        "--build", type=Path, default=ROOT / "build" / "release" / "bench"
    )
    return parser.parse_args()


def main():
    args = arguments()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    commands = find_peers(args.build)
    if args.peer:
        commands = {x: y for x, y in commands.items() if x in args.peer}
    only = set(args.only or WORKLOADS)
    if "echo" in only:
        only |= set(LOADS)
    workloads = [each for each in WORKLOADS if each in only]
    rounds = args.rounds or (3 if args.quick else 5)
    seconds = args.seconds or (0.5 if args.quick else 1.2)

    bench = Bench(commands, args.build, args.quick, seconds)
    for _ in range(rounds):
        bench.run_round(workloads)

    rows = []
    for row in ROWS:
        if row.workload not in workloads:
            continue
        figures = {}
        for peer in PEERS:
            if samples := bench.samples.get((row.workload, peer)):
                figures[peer] = summary(row, samples)
        rows.append(judge(row, figures))

    print("\n".join(table(rows)))
    missed = [row["title"] for row in rows if row["met"] is False]
    judged = sum(row["met"] is not None for row in rows)
    print(
        f"\nMedians of {rounds} rounds. * better than troupe; "
        f"n/a: not installed, or no natural form.\n"
        f"{judged - len(missed)} of {judged} budgets met"
        + (f"; missed: {'; '.join(missed)}" if missed else "")
    )
    for problem in dict.fromkeys(bench.problems):
        print(f"failed: {problem}", file=sys.stderr)

    if args.json:
        machine = {
            "system": platform.system(),
            "release": platform.release(),
            "machine": platform.machine(),
            "cpus": os.cpu_count(),
        }
        report = {"machine": machine, "rounds": rounds, "rows": rows}
        args.json.write_text(json.dumps(report, indent=2) + "\n")
    return 1 if bench.problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
