"""Runs one server node and two client nodes in processes of their own, lets
faults at them, and checks the history of what they did.

    run_faults.py FAULT_NODE FAULT_PROXY

The clients reach the server through a proxy that holds, delays, throttles,
discards, resets and cuts one way; processes are killed and paused.
TROUPE_FAULT_SECONDS: how long, 25 by default, in plain text or over TLS; from 120
on both, and the last quarter with the default heartbeat. TROUPE_SEED: which
faults; else one by chance, which is printed.
"""

import collections
import os
import pathlib
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import history

MAKE_CERTIFICATES = (pathlib.Path(__file__).resolve().parent
                     / "../../scripts/make-certificates")
PATIENCE = 40  # seconds; a step that takes longer hangs


class Failed(Exception):
    pass


class Process:
    """A program of ours that is told and tells things line by line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(x) for x in command], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def tell(self, line):
        self.process.stdin.write(line + "\n")

    def hear(self):
        try:
            line = self.lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise Failed(f"{self.process.args[:4]} says nothing") from None
        if line is None:
            raise Failed(f"{self.process.args[:4]} ended: {self.process.wait()}")
        return line

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self._close()

    def finish(self):
        """Lets it end by itself; returns how."""
        self.process.stdin.close()
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.process.args[:4]} does not end") from None
        self._close()
        return status

    def _close(self):
        self.reader.join()
        self.process.stdout.close()


class Cluster:
    """The three nodes and the proxy between them."""

    NAMES = "anna", "bert"

    def __init__(self, programs, folder, plan):
        self.node, self.proxy_program = programs
        self.folder = pathlib.Path(folder)
        self.options = ["--heartbeat", plan.heartbeat, "--loss-limit", plan.loss_limit]
        if plan.tls:
            certificates = self.folder / "certificates"
            subprocess.run([MAKE_CERTIFICATES, certificates, "server", *self.NAMES],
                           check=True)
            self.options += ["--certificates", certificates]
        self.processes = {}
        self.lives = collections.Counter()
        self.killed = set()  # lives of the server
        self.pauses = []     # (process, begin, end)
        self.port = 0
        self.start("server")
        self.proxy = Process(self.proxy_program, "--to", self.port, "--names",
                             ",".join(self.NAMES))
        self.ports = dict(self.proxy.hear().split() for _ in self.NAMES)
        for name in self.NAMES:
            self.start(name)

    def start(self, name):
        self.lives[name] += 1
        if name == "server":
            self.processes[name] = Process(
                self.node, "server", "--port", self.port, "--life",
                self.lives[name], "--history", self.folder / name, *self.options)
            self.port = int(self.processes[name].hear().split()[1])
        else:
            self.processes[name] = Process(
                self.node, "client", "--port", self.ports[name], "--name",
                self.life(name), "--history", self.folder / name, *self.options)

    def life(self, name):
        return f"{name}.{self.lives[name]}"

    def kill(self, name):
        self.processes[name].kill()
        if name == "server":
            self.killed.add(self.lives[name])

    def pause(self, name):
        self.pauses.append([self.life(name), time.monotonic(), history.NEVER])
        self.processes[name].signal(signal.SIGSTOP)

    def go_on(self, name):
        self.processes[name].signal(signal.SIGCONT)
        # It may have to wait for the processor.
        next(x for x in reversed(self.pauses)
             if x[0] == self.life(name))[2] = time.monotonic() + 0.1

    def finish(self):
        """Lets the clients end and find the queue empty."""
        clients = [self.processes[name] for name in self.NAMES]
        for command, answer in ("finish", "quiet"), ("drain", "done"):
            for client in clients:
                client.tell(command)
            for client in clients:
                if (line := client.hear()) != answer:
                    raise Failed(f"a client said {line} instead of {answer}")
        for process in *clients, self.processes["server"], self.proxy:
            if status := process.finish():
                raise Failed(f"{process.process.args[:4]} ended with {status}")

    def kill_all(self):
        for process in *self.processes.values(), self.proxy:
            if process.process.poll() is None:
                process.kill()

    def history(self):
        lines = [line for name in self.NAMES
                 for line in history.read(self.folder / name)]
        return history.History(
            lines, history.read(self.folder / "server"), pauses=self.pauses,
            killed=self.killed, live_to_end={self.life(x) for x in self.NAMES})


# -- faults: what begins, and what ends it ------------------------------------

def killing(cluster, name):
    return (lambda: cluster.kill(name)), (lambda: cluster.start(name))


def pausing(cluster, name):
    return (lambda: cluster.pause(name)), (lambda: cluster.go_on(name))


def network(cluster, name, command, *more):
    def end():
        for line in *more, "heal":
            cluster.proxy.tell(f"{name} {line}")
    return (lambda: cluster.proxy.tell(f"{name} {command}")), end


def choose(chance, cluster, longest):
    """A fault by chance: what it is, whom it hits, begin, end, seconds."""
    target = chance.choice(["server", "anna", "bert"])
    short = chance.uniform(0.05, 1.5)
    if chance.random() < 0.25:
        return "kill -9", target, *killing(cluster, target), short
    if chance.random() < 0.3:
        return ("pause", target, *pausing(cluster, target),
                min(longest, chance.uniform(1, 10) if chance.random() < 0.3
                    else chance.uniform(0.2, 2)))
    name = chance.choice(cluster.NAMES)
    what, command, *more = chance.choice([
        ("black hole", "hold both"), ("cut to the server", "hold up"),
        ("cut to the client", "hold down"), ("reset", "reset"),
        ("discard and reset", "discard", "reset"),
        ("delay", f"delay {chance.randint(1, 400)}"),
        ("throttle", f"rate {chance.randint(2_000, 50_000)}")])
    return what, name, *network(cluster, name, command, *more), short


def hurt(cluster, chance, seconds, longest):
    """One or two faults at a time, with time to recover in between."""
    counts = collections.Counter()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        chosen = {}
        for _ in range(chance.choice([1, 1, 2])):
            what, target, *rest = choose(chance, cluster, longest)
            chosen[target] = what, *rest
        for what, begin, _, _ in chosen.values():
            counts[what] += 1
            begin()
        started = time.monotonic()
        for _, _, over, lasts in sorted(chosen.values(), key=lambda x: x[3]):
            time.sleep(max(0, started + lasts - time.monotonic()))
            over()
        time.sleep(chance.uniform(0.1, longest / 4))
    return counts


# -- a run --------------------------------------------------------------------

Plan = collections.namedtuple("Plan", "seconds heartbeat loss_limit limit tls")


def plans(seconds, chance):
    """What a run consists of: times in ms, 0 for those of a node without settings."""
    if seconds < 120:
        return [Plan(seconds, 200, 600, 5, chance.random() < 0.5)]
    return [Plan(seconds * 3 / 8, 200, 600, 5, False),
            Plan(seconds * 3 / 8, 200, 600, 5, True),
            Plan(seconds / 4, 0, 0, 10, chance.random() < 0.5)]


def run(programs, chance, plan):
    """Runs a cluster; returns what is wrong, and prints what happened. A history
    that is wrong is kept."""
    folder = tempfile.mkdtemp(prefix="troupe-")
    cluster = Cluster(programs, folder, plan)
    problems = []
    counts = {}
    try:
        counts = hurt(cluster, chance, plan.seconds, 4 if plan.seconds < 60 else 10)
        cluster.finish()
    except Failed as problem:
        problems.append(f"hang: {problem}")
    finally:
        cluster.kill_all()
    seen = cluster.history()
    problems += history.check(seen, limit=plan.limit)
    report(seen, counts, plan)
    if problems:
        print(f"the history is in {folder}")
    else:
        shutil.rmtree(folder)
    return problems


def report(seen, counts, plan):
    outcomes = collections.Counter(x.outcome for x in seen.operations)
    late = [seen.awake(x.who, max(seen.lost[x.who, x.session], x.begin), x.end)
            for x in seen.operations
            if x.end > seen.lost.get((x.who, x.session), history.NEVER)]
    longest = max((seen.awake(x.who, x.begin, x.end) for x in seen.operations
                   if x.outcome != "open"), default=0)
    refused = len(seen.server_lines("refused"))
    connecting = max((seen.awake(*x) for x in seen.connections), default=0)
    beat = f"{plan.heartbeat} ms" if plan.heartbeat else "as usual"
    print(f"| {plan.seconds:.0f} s {'over TLS' if plan.tls else 'in plain text'}, "
          f"heartbeat {beat}, {sum(counts.values())} faults: "
          + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    print(f"| {len(seen.operations)} operations: {outcomes['ok']} done, "
          f"{outcomes['fail']} given up, {outcomes['info']} lost with their node, "
          f"{outcomes['open']} with their process")
    print(f"| {len(seen.lost)} losses seen; {refused} writes with an old token "
          f"refused; {len(seen.of('put', outcome='ok'))} items, "
          f"{len(seen.server_lines('counted'))} counted")
    print(f"| the longest await took {longest:.2f} s (limit {plan.limit} s), "
          f"{max(late, default=0) * 1000:.0f} ms after a loss that was known; "
          f"connecting {connecting:.2f} s")


def main():
    programs = sys.argv[1:3]
    seconds = float(os.environ.get("TROUPE_FAULT_SECONDS", 25))
    seed = int(os.environ.get("TROUPE_SEED", 0)) or random.randrange(1, 1 << 32)
    print(f"| seed {seed}")
    sys.stdout.flush()
    chance = random.Random(seed)
    problems = []
    for plan in plans(seconds, chance):
        problems += run(programs, chance, plan)
    for problem in problems[:20]:
        print(problem)
    print(f"{len(problems)} things are wrong; TROUPE_SEED={seed} chooses the same "
          "faults")
    sys.exit(1 if problems else 0)


main()
