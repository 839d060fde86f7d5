"""Lets bad clients at the echo server and checks that it survives, tells what
happened, and keeps neither memory nor descriptors.

    hostile_server_test.py ECHO_SERVER [SCENARIO]

Without a scenario all run. TROUPE_HOSTILE_MIB: how much the client that does
not read sends, 1024 by default.
"""

import contextlib
import os
import random
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

PATIENCE = 30  # seconds; a test waits for states, this ends a failed one


def check(condition, text):
    if not condition:
        raise AssertionError(text)


class Server:
    """The echo server in a process of its own."""

    def __init__(self, program, *, port=0, descriptors=None):
        limit = None
        if descriptors:
            limit = lambda: resource.setrlimit(
                resource.RLIMIT_NOFILE, (descriptors, descriptors)
            )
        self.process = subprocess.Popen(
            [program, "--port", str(port), "--quiet"],
            env=os.environ | {"ASAN_OPTIONS": ":".join(filter(None, [
                os.environ.get("ASAN_OPTIONS"),
                "quarantine_size_mb=1",  # what is freed is not growth
            ]))},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=limit,
        )
        self.lines = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.port = None

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def __enter__(self):
        line = self.wait_for("Serving on ")
        self.port = int(re.search(r"\('127\.0\.0\.1', (\d+)\)", line).group(1))
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def output(self):
        with self.changed:
            return "\n".join(self.lines)

    def wait_for(self, text):
        """Waits for a line of output that contains `text`."""
        found = lambda: next((x for x in self.lines if text in x), None)
        with self.changed:
            self.changed.wait_for(found, PATIENCE)
            check(found(), f"the server did not print {text!r}:\n" + "\n".join(self.lines))
            return found()

    def connect(self, receive_buffer=None):
        client = socket.socket()
        client.settimeout(PATIENCE)
        if receive_buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.connect(("127.0.0.1", self.port))
        return client

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def resident_mib(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            pages = int(file.read().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def check_alive(self):
        check(self.process.poll() is None, "the server died:\n" + self.output())
        with self.connect() as client:
            check(echo(client, b"alive?") == b"alive?", "the server does not echo")

    def check_descriptors(self, expected):
        """Waits until the server holds no more descriptors than `expected`."""
        end = time.monotonic() + PATIENCE
        while self.descriptors() > expected and time.monotonic() < end:
            self.check_alive()  # one round trip, so that it had its turn
        check(
            self.descriptors() <= expected,
            f"{self.descriptors()} descriptors are open, {expected} at first",
        )

    def interrupt(self, limit):
        """Sends Ctrl-C; returns the exit status and the seconds it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        try:
            status = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running {limit} s after Ctrl-C") from None
        took = time.monotonic() - begin
        self.reader.join()
        return status, took


def receive(client, size):
    got = bytearray()
    while len(got) < size:
        part = client.recv(size - len(got))
        if not part:
            break
        got += part
    return bytes(got)


def echo(client, data):
    client.sendall(data)
    return receive(client, len(data))


def reset(client):
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


# -- scenarios --------------------------------------------------------------------


def resets(program):
    """Clients that reset in the middle of a message."""
    dice = random.Random(7)
    with Server(program) as server:
        server.check_alive()
        before = server.descriptors()
        for number in range(300):
            client = server.connect()
            if number % 3:
                client.sendall(b"x" * dice.randrange(1, 30_000))
            if number % 5 == 0:
                receive(client, 1 if number % 3 else 0)
            reset(client)
        server.check_alive()
        server.check_descriptors(before)
        check("Lost (" in server.output(), "no reset was told")
        status, _ = server.interrupt(PATIENCE)
        check(status == 0, f"exit status {status}:\n" + server.output())


def deaf(program):
    """A client that sends and does not read, then does."""
    total = int(os.environ.get("TROUPE_HOSTILE_MIB", "1024")) * 2**20
    block = bytes(range(256)) * 1024
    with Server(program) as server:
        server.check_alive()
        descriptors = server.descriptors()
        memory = server.resident_mib()
        client = server.connect()

        sent = 0
        client.setblocking(False)
        while sent < total:
            # Nothing goes for a second: the server has stopped reading.
            if not select.select([], [client], [], 1)[1]:
                break
            at = sent % len(block)
            with contextlib.suppress(BlockingIOError):
                sent += client.send(block[at:])
        check(sent < total, "the server took everything and answered nobody")
        stopped = server.resident_mib()
        check(stopped - memory < 16, f"{stopped - memory:.0f} MiB for a deaf client")
        server.check_alive()

        client.settimeout(PATIENCE)
        problems = []

        def send_rest():
            try:
                done = sent
                while done < total:
                    at = done % len(block)
                    done += client.send(block[at : at + total - done])
                client.shutdown(socket.SHUT_WR)
            except OSError as problem:
                problems.append(problem)

        sender = threading.Thread(target=send_rest)
        sender.start()
        received = 0
        while True:
            part = client.recv(len(block) - received % len(block))
            if not part:
                break
            at = received % len(block)
            check(part == block[at : at + len(part)], f"wrong bytes after {received}")
            received += len(part)
        sender.join()
        client.close()
        check(not problems, f"sending failed: {problems}")
        check(received == total, f"{received} of {total} bytes came back")
        grown = server.resident_mib() - memory
        check(grown < 16, f"{grown:.0f} MiB grown")
        server.check_descriptors(descriptors)

        # The same, but the client goes instead.
        client = server.connect(receive_buffer=4096)
        client.setblocking(False)
        while select.select([], [client], [], 0.2)[1]:
            with contextlib.suppress(BlockingIOError):
                client.send(block)
        reset(client)
        server.check_alive()
        server.check_descriptors(descriptors)


def silent(program):
    """A client that says nothing while 500 others work."""
    with Server(program) as server:
        server.check_alive()
        before = server.descriptors()
        quiet = server.connect()
        others = [server.connect() for _ in range(500)]
        for number in range(3):
            for index, client in enumerate(others):
                client.sendall(b"%d/%d" % (number, index))
            for index, client in enumerate(others):
                text = b"%d/%d" % (number, index)
                check(receive(client, len(text)) == text, f"client {index} got no echo")
        check(echo(quiet, b"at last") == b"at last", "the silent client was forgotten")
        for client in others:
            client.close()
        quiet.close()
        server.check_descriptors(before)


def port_in_use(program):
    """A second server on the same port."""
    with Server(program) as first:
        second = Server(program, port=first.port)
        status = second.process.wait(PATIENCE)
        second.reader.join()
        output = second.output()
        second.__exit__()
        check(status not in (0, None) and status > 0, f"exit status {status}")
        check("in use" in output, f"the text does not say why: {output!r}")
        check(str(first.port) in output, f"the text names no port: {output!r}")
        first.check_alive()


def too_many_files(program):
    """More clients than the server may have descriptors."""
    with Server(program, descriptors=64) as server:
        server.check_alive()
        before = server.descriptors()
        clients = [server.connect() for _ in range(90)]
        for client in clients:
            client.sendall(b"hello")
        server.wait_for("open files")
        check(server.process.poll() is None, "the server died")
        served = select.select(clients, [], [], 0)[0]
        check(len(served) < 64, f"{len(served)} served with 64 descriptors")

        used = server.cpu_seconds()
        select.select([], [], [], 1.5)  # a period to measure, not a wait
        used = server.cpu_seconds() - used
        check(used < 0.3, f"{used:.2f} s of CPU while accepting pauses")

        # Those who are served make room for those who wait.
        for client in clients:
            check(receive(client, 5) == b"hello", "a client was not served in the end")
            client.close()
        server.check_alive()
        server.check_descriptors(before)
        told = sum("open files" in line for line in server.lines)
        check(told < 30, f"{told} messages about it")


def interrupt(program):
    """Ctrl-C with 500 open connections."""
    with Server(program) as server:
        clients = [server.connect() for _ in range(500)]
        for client in clients:
            check(echo(client, b"hi") == b"hi", "no echo")
        status, took = server.interrupt(PATIENCE)
        check(took < 2, f"it took {took:.1f} s to end")
        check(status == 0, f"exit status {status}:\n" + server.output())
        check("Server closed" in server.output(), "it did not say that it closed")
        for client in clients:
            try:
                check(client.recv(1) == b"", "data after the end")
            except ConnectionResetError:
                pass
            client.close()


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (resets, deaf, silent, port_in_use, too_many_files, interrupt)
}


def main():
    program, *chosen = sys.argv[1:]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    failed = 0
    for name in chosen or SCENARIOS:
        try:
            SCENARIOS[name](program)
            print(f"{name}: ok")
        except (AssertionError, OSError) as problem:
            failed += 1
            print(f"{name}: {type(problem).__name__}: {problem}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
