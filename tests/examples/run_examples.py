"""Runs the examples and compares what they print with what they should.

run_examples.py FOLDER [NAME...]

FOLDER holds the programs, example_<name>; without names all examples are run.
Servers and clients are met by peers in Python, on free ports of the loopback
interface. Times are checked in one direction only: nothing may come early.
"""

import asyncio
import concurrent.futures
import contextlib
import http.server
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import types

HANGS = 60  # seconds until a program that does not end is given up

# What stands for itself in an expectation, as {name}.
PATTERNS = {
    "date": r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6})",
    "time": r"(\d\d:\d\d:\d\d)",
    "seconds": r"(\d+\.\d+)",
    "number": r"(\d+)",
    "grouped": r"(\d{1,3}(?:,\d{3})*)",
    "hex": r"([0-9a-f]+)",
    "any": r"(.*)",
}


class Failed(Exception):
    """The example does not do what it should; the text says what."""


# -- what is expected ---------------------------------------------------------

def pattern_of(expected):
    """The regular expression of one expected line."""
    parts = re.split(r"\{(\w+)\}", expected)
    return "".join(PATTERNS[part] if index % 2 else re.escape(part)
                   for index, part in enumerate(parts))


def same_lines(printed, expected):
    """Compares line by line; returns what the {names} stand for."""
    lines = printed.splitlines()
    wanted = expected.strip("\n").splitlines()
    found = []
    for number, pattern in enumerate(wanted):
        line = lines[number] if number < len(lines) else None
        match = line is not None and re.fullmatch(pattern_of(pattern), line)
        if not match:
            raise Failed(f"line {number + 1} should be\n  {pattern}\n"
                         f"but it is\n  {line}\nin\n{printed}")
        found += match.groups()
    if len(lines) > len(wanted):
        raise Failed(f"more lines than expected:\n{printed}")
    return found


def same(what, got, expected):
    if got != expected:
        raise Failed(f"{what}: {got!r} instead of {expected!r}")


def not_early(what, seconds, at_least):
    if seconds < at_least:
        raise Failed(f"{what}: {seconds:.6f} s, at least {at_least} s expected")


# -- programs -----------------------------------------------------------------

class Example:
    """The program of one example."""

    def __init__(self, folder, name):
        self.program = str(folder / f"example_{name}")
        self.folder = folder

    def run(self, *arguments, status=0, errors=""):
        """Runs it to its end; returns what it printed and the seconds."""
        start = time.monotonic()
        done = subprocess.run([self.program, *map(str, arguments)],
                              stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=HANGS)
        seconds = time.monotonic() - start
        if done.returncode != status:
            raise Failed(f"exit status {done.returncode}, not {status}, after\n"
                         f"{done.stdout}{done.stderr}")
        if errors is not None:
            same_lines(done.stderr, errors)
        self.errors = done.stderr
        return done.stdout, seconds

    @contextlib.contextmanager
    def serving(self, first_line, *arguments, stream="stdout"):
        """Starts it as a server, gives (port, later), and ends it by Ctrl-C.

        `later.text` holds, after the scope, all that followed the first line.
        """
        server = subprocess.Popen([self.program, *map(str, arguments)],
                                  stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        later = types.SimpleNamespace(text=None)
        try:
            first = getattr(server, stream).readline().rstrip("\n")
            if not first:
                raise Failed("it did not start:\n" + server.communicate()[1])
            port = int(same_lines(first, first_line)[-1])
            yield port, later
            server.send_signal(signal.SIGINT)
            texts = dict(zip(("stdout", "stderr"),
                             server.communicate(timeout=HANGS)))
            later.text = texts.pop(stream)
            same("exit status", server.returncode, 0)
            same("the other stream", texts.popitem()[1], "")
        finally:
            server.kill()
            server.communicate()


EXAMPLES = {}


def example(name):
    def register(check):
        assert name not in EXAMPLES
        EXAMPLES[name] = check
        return check
    return register


def prints(name, expected, at_least=0, errors=""):
    """An example that needs nobody else."""
    @example(name)
    def check(program):
        printed, seconds = program.run(errors=errors)
        same_lines(printed, expected)
        not_early("the whole program", seconds, at_least)


# -- examples that run alone --------------------------------------------------

@example("display_date")
def display_date(program):
    printed, seconds = program.run()
    same_lines(printed, "{date}\n" * 5)
    not_early("five lines", seconds, 4)


prints("say_after", """
started at {time}
hello
world
finished at {time}
""", at_least=2)


@example("run_in_executor")
def run_in_executor(program):
    printed, _ = program.run()
    noise, = same_lines(printed, """
default thread pool {hex}
custom thread pool 333333283333335000000
""")
    same("bytes read", len(noise), 200)


prints("thread_pool", "20 pages, at most 1 at a time", at_least=0.2)

prints("task_result", """
not done yet
16 25
a task comes back as it is: true
""")

prints("done_callback", """
task is made
in the task
anna 1: 42
bert 2: 42
main: 42
""")

prints("new_event_loop", """
outside: no loop runs
inside: our loop runs: true
closed: true
""")

prints("stop_loop", """
computing
first callback: stop
second callback: same turn, so it still runs
the loop came back with 42
""")

prints("chain_coroutines", """
Compute 1 + 2 ...
1 + 2 = 3
""", at_least=1)

prints("cancel_callback", """
two is cancelled: true
timer is due in the future: true
one
three
timer
""", at_least=0.1)

prints("call_soon_threadsafe", """
main: waiting
callback on the loop's thread: true
main: 42
""", at_least=0.05)

prints("task_is_a_future", """
future 1
task 4
executor 8
thread 27
""")

prints("never_awaited", """
<coroutine object say_hello at 0x{hex}>
""", errors="""
RuntimeWarning: coroutine 'say_hello' was never awaited
  made in say_hello (never_awaited.cpp:{number})
""")

prints("start_coroutine", """
main runs
awaited runs, main goes on after it
a task is made
a task runs, main goes on after it
""")

prints("await_in_order", """
hello {time}
hello {time}
world {time}
world {time}
""", at_least=2)

prints("two_tasks", """
hello {time}
world {time}
hello {time}
world {time}
""", at_least=1)

prints("gather", """
starting main
waiting for phases to complete
in phase1
in phase2
done with phase2
done with phase1
results: phase1 result, phase2 result
""", at_least=2)

prints("gather_group", """
first 0 begins
first 1 begins
second 0 begins
second 1 begins
first 0 is cancelled
first 1 is cancelled
second 0 ends
second 1 ends
first was cancelled
second has 2 results
""", at_least=0.1)

prints("wait", """
starting main
waiting for phases to complete
in phase 0
in phase 1
in phase 2
done with phase 0
done with phase 1
done with phase 2
results: phase 0 result, phase 1 result, phase 2 result
""", at_least=0.2)

prints("wait_timeout", """
starting main
waiting 0.1 for phases to complete
in phase 0
in phase 1
in phase 2
done with phase 0
1 completed and 2 pending
canceling tasks
exiting main
phase 1 canceled
phase 2 canceled
""", at_least=0.1)

prints("select_workers", """
urgent: call the doctor
job: sweep
job: cook
nothing to do for a while
urgent: fire
stopped
<channel 'usual' 1 of 4 items>
""", at_least=0.1)

prints("rate_limited_fetcher", """
fetched page 1, begun after {seconds} s
fetched page 2, begun after {seconds} s
fetched page 3, begun after {seconds} s
fetched page 4, begun after {seconds} s
fetched page 5, begun after {seconds} s
fetched page 6, begun after {seconds} s
fetched page 7, begun after {seconds} s
fetched page 8, begun after {seconds} s
8 pages in {seconds} s
""", at_least=1.0)

prints("as_completed", """
starting main
waiting for phases to complete
in phase 0
in phase 1
in phase 2
done with phase 2
received answer phase 2 result
done with phase 1
received answer phase 1 result
done with phase 0
received answer phase 0 result
in phase 3
in phase 4
done with phase 4
the first of two: phase 4 result
""", at_least=0.6)

prints("timeout", """
one
the time was over
three
""", at_least=0.11)

prints("task_group", """
sum: 6
patience was cancelled
1 error: no luck
""")

prints("shield", """
still saving
saved
""", at_least=0.1)

prints("lock", """
acquiring the lock before starting coroutines
lock acquired: true
waiting for coroutines
coro1 waiting for the lock
coro2 waiting for the lock
callback releasing lock
coro1 acquired lock
coro1 released lock
coro2 acquired lock
coro2 released lock
""", at_least=0.1)

prints("event", """
event start state: false
coro1 waiting for event
coro2 waiting for event
setting event in callback
coro1 triggered
coro2 triggered
event end state: true
""", at_least=0.1)

prints("condition", """
starting manipulate_condition
consumer 0 is waiting
consumer 1 is waiting
consumer 2 is waiting
consumer 3 is waiting
consumer 4 is waiting
notifying 1 consumers
consumer 0 triggered
ending consumer 0
notifying 2 consumers
consumer 1 triggered
ending consumer 1
consumer 2 triggered
ending consumer 2
notifying remaining consumers
ending manipulate_condition
consumer 3 triggered
ending consumer 3
consumer 4 triggered
ending consumer 4
""", at_least=0.3)

prints("queue", """
consumer 0: starting
consumer 0: waiting for item
consumer 1: starting
consumer 1: waiting for item
producer: starting
producer: added task 0 to the queue
producer: added task 1 to the queue
consumer 0: has item 0
consumer 1: has item 1
producer: added task 2 to the queue
producer: added task 3 to the queue
consumer 0: waiting for item
consumer 0: has item 2
producer: added task 4 to the queue
consumer 1: waiting for item
consumer 1: has item 3
producer: added task 5 to the queue
producer: adding stop signals to the queue
consumer 0: waiting for item
consumer 0: has item 4
consumer 1: waiting for item
consumer 1: has item 5
producer: waiting for queue to empty
consumer 0: waiting for item
consumer 0: has item None
consumer 0: ending
consumer 1: waiting for item
consumer 1: has item None
consumer 1: ending
producer: ending
""", at_least=0.05)

prints("crawler", """
/
/about
/lost is a dead link
/news
/news/1
/news/2
/shop
/shop/hats
at most 3 at the same time
""", at_least=0.03)

prints("pipeline", """
0
1
4
9
16
25
36
49
64
81
at most 7 items on the way
""", at_least=0.02)

prints("worker_pool", """
job 1 is done
job 2 is done
job 3 is done
job 4 is done
job 5 is done
job 6 is done
job 7 is done
1 worker was cancelled
put to <queue 'jobs' 0 of 2 items, 8 unfinished, shut down>; stop when it is shut down
""", at_least=0.2)

prints("philosophers", """
left first: wrong

deadlock: tasks wait for each other in a circle
  carl at dine (philosophers.cpp:{number})
    waits for anna, by <lock 'fork 0' locked by anna, 1 waiting>
  anna at dine (philosophers.cpp:{number})
    waits for bert, by <lock 'fork 1' locked by bert, 1 waiting>
  bert at dine (philosophers.cpp:{number})
    waits for carl, by <lock 'fork 2' locked by carl, 1 waiting>

who waits for whom:
  main at dinner (philosophers.cpp:{number})
    waits for anna, by <Task pending name='anna' {any}>
  anna at dine (philosophers.cpp:{number})
    waits for bert, by <lock 'fork 1' locked by bert, 1 waiting>
  bert at dine (philosophers.cpp:{number})
    waits for carl, by <lock 'fork 2' locked by carl, 1 waiting>
  carl at dine (philosophers.cpp:{number})
    waits for anna, by <lock 'fork 0' locked by anna, 1 waiting>
after 7 steps, seed 1, 0 choices against asyncio's order
last steps:
     step   time (s)  choice  who             where
{any}
{any}
{any}
{any}
{any}
{any}
{any}
replay: TROUPE_SCHEDULE=t1.{any}

lower first: right in {number} orders
""")

prints("ping_pong", """
3 rounds
ping 1, pong 1, ping 2, pong 2, ping 3, pong 3
the wall takes no rackets: ask of wall: no answer for 0.010 s
gone: ask of wall, which has ended: a normal end
""")

prints("caf_actors", """
the adder says 42
the actor was told: a task squares 7 to 49
the adder has ended: troupe::exit_error: {any}
""")

prints("how_sleep_works", """
anna naps
bert naps
bert is awake
anna is awake
""", at_least=0.2)

prints("hello_again", """
Hello world!
Hello again!
""", at_least=1)

prints("one_thread", """
Hello world! (main thread)
Hello world! (main thread)
Hello again! (main thread)
Hello again! (main thread)
""", at_least=1)

prints("run_until_complete", """
starting coroutine
entering event loop
in coroutine
closing event loop
""")

prints("return_value", """
in coroutine
it returned: 'result'
""")

prints("chain_results", """
in outer
waiting for result1
in phase1
waiting for result2
in phase2
return value: ('result1', 'result2 derived from result1')
""")

prints("call_soon", """
entering event loop
registering callbacks
callback invoked with 1 and default
callback invoked with 2 and not default
closing event loop
""")

prints("call_later", """
entering event loop
registering callbacks
callback 3 invoked
callback 2 invoked
callback 1 invoked
closing event loop
""", at_least=0.4)


@example("call_at")
def call_at(program):
    printed, _ = program.run()
    _, now, third, second, first = map(float, same_lines(printed, """
entering event loop
clock time: {seconds}
loop  time: {seconds}
registering callbacks
callback 3 invoked at {seconds}
callback 2 invoked at {seconds}
callback 1 invoked at {seconds}
closing event loop
"""))
    rounding = 2e-6
    not_early("callback 3", third - now + rounding, 0)
    not_early("callback 2", second - now + rounding, 0.1)
    not_early("callback 1", first - now + rounding, 0.2)


prints("run_until_future", """
scheduling mark_done
entering event loop
setting future result to 'the result'
returned result: 'the result'
closing event loop
future result: 'the result'
""")

prints("await_future", """
scheduling mark_done
setting future result to 'the result'
returned result: 'the result'
""")

prints("future_callback", """
registering callbacks on future
setting result of future
1: future done: the result
2: future done: the result
""")

prints("create_task", """
creating task
waiting for <Task pending {any}>
in task_func
task completed <Task finished {any}>
return value: 'the result'
""")

prints("cancel_task", """
creating task
canceling task
canceled task <Task cancelling {any}>
caught error from canceled task
""")

prints("day_of_timers", """
864000 beats in 24 hours
""")

prints("failing_network", """
1 s: partition
128.008 s: Connection timed out
151 s: healed, but the bank crashes
153.015 s: Connection refused
163.018 s: Connection refused
173.021 s: Connection refused
183.024 s: Connection refused
193.027 s: Connection refused
201 s: the bank is back
203.032 s: booked
booked 1 time
careless bank: wrong after {number} runs
exception: troupe::test::failed_check: not met: one order is booked once, required in under_faults (failing_network.cpp:{number})
{any}
after {number} steps, seed {number}, 1 choices against asyncio's order
faults:
  step {number}: packet bank -> main: reset instead
last steps:
     step   time (s)  choice  who             where
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
replay: TROUPE_SCHEDULE=t1.{any}

careful bank: right in 500 runs
""")

prints("distributed_simulation", """
without tokens: wrong, for example
exception: troupe::test::failed_check: not met: each has added one, required in under_faults (distributed_simulation.cpp:{number})
  awaited at: under_faults (distributed_simulation.cpp:{number})
after {number} steps, seed {number}, {number} choices against asyncio's order
last steps:
     step   time (s)  choice  who             where
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
{any}
replay: TROUPE_SCHEDULE=t1.{any}

with tokens: right in 500 runs
""")

prints("found_race", """
asyncio's order: fine
other orders: wrong after {number} schedules

exception: troupe::test::failed_check: not met: the balance is 130, required in two_tellers (found_race.cpp:{number})
  awaited at: two_tellers (found_race.cpp:{number})
after 10 steps, seed {number}, 1 choices against asyncio's order
last steps:
     step   time (s)  choice  who             where
        1      0.000       -  main            two_tellers (found_race.cpp:{number})
        2      0.000     1/2  rent            book (found_race.cpp:{number})
        3      0.000     1/2  wage            book (found_race.cpp:{number})
{any}
{any}
{any}
{any}
{any}
{any}
{any}
replay: TROUPE_SCHEDULE=t1.{any}

replayed: the same
""")

prints("cancel_sleeping_task", """
creating task
in task_func, sleeping
in task_canceller
canceled the task
task_func was canceled
main() also sees task as canceled
""")

prints("ensure_future", """
entering event loop
starter: creating task
starter: waiting for inner
inner: starting
inner: waiting for <Task pending {any}>
wrapped
inner: task returned 'result'
starter: inner returned
""")


# -- peers --------------------------------------------------------------------

class WebServer(http.server.ThreadingHTTPServer):
    """Answers on a free port. With `together` no answer begins before so many
    requests are there."""
    request_queue_size = 64

    def __init__(self, body, together=1):
        self.body = body.encode()
        self.all_here = threading.Barrier(together, timeout=HANGS)
        super().__init__(("127.0.0.1", 0), self.Handler)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.all_here.wait()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("X-Path", self.path)
            self.end_headers()
            self.wfile.write(self.server.body)

        def log_message(self, *_):
            pass

    @contextlib.contextmanager
    def scope(self):
        threading.Thread(target=self.serve_forever, args=[0.01]).start()
        try:
            yield self.server_port
        finally:
            self.shutdown()
            self.server_close()


@contextlib.contextmanager
def python_server(handler):
    """Serves with asyncio in another thread; gives the port."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        asyncio.start_server(handler, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def end():
        server.close()
        await server.wait_closed()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.wait_for(asyncio.gather(*others), HANGS)
        loop.stop()

    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join()
        loop.close()


async def python_echo(reader, writer):
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def say(port, message, host="127.0.0.1"):
    """Sends a message and its end; returns our port and all that comes back."""
    reader, writer = await asyncio.open_connection(host, port)
    own = writer.get_extra_info("sockname")[1]
    writer.write(message)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), HANGS)
    writer.close()
    await writer.wait_closed()
    return own, answer


async def say_all(port, messages):
    """Sends each message on a connection of its own, all at once."""
    said = await asyncio.gather(*(say(port, message) for message in messages))
    return [answer for _, answer in said]


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


# -- examples with peers ------------------------------------------------------

@example("fetch_pages")
def fetch_pages(program):
    page = "<h1>hello</h1>\n<p>world</p>\n"
    # Twenty requests one after the other would never get an answer.
    with WebServer(page, together=20).scope() as port:
        printed, _ = program.run(port, "/page")
    same_lines(printed, (page + "\n") * 20 + "elapsed: {any} s")


@example("wget")
def wget(program):
    with contextlib.ExitStack() as servers:
        hosts = [f"127.0.0.1:{servers.enter_context(WebServer('body').scope())}"
                 for _ in range(3)]
        printed, _ = program.run(*hosts)
    lines = printed.splitlines()
    same("the first lines", lines[:3], [f"wget {host}..." for host in hosts])
    for host in hosts:
        own = "\n".join(line for line in lines[3:] if host in line)
        same_lines(own, f"""
{host} header > HTTP/1.0 200 OK
{host} header > Server: {{any}}
{host} header > Date: {{any}}
{host} header > Content-Type: text/html
{host} header > X-Path: /
""")
    same("number of lines", len(lines), 3 + 3 * 5)

    async def hang_up(reader, writer):
        await reader.readline()
        writer.write(b"HTTP/1.0 200 OK\r\n")
        writer.close()

    with python_server(hang_up) as port:
        printed, _ = program.run(f"127.0.0.1:{port}")
    same_lines(printed, f"""
wget 127.0.0.1:{port}...
127.0.0.1:{port} header > HTTP/1.0 200 OK
""")


SERVING = "Serving on ('127.0.0.1', {number})"


@example("echo_server")
def echo_server(program):
    with program.serving(SERVING, "--port", "0") as (port, later):
        own, answer = asyncio.run(say(port, b"Hello World!"))
        same("the echo", answer, b"Hello World!")
        other, answer = asyncio.run(say(port, b"it's \x1b"))
        same("the echo", answer, b"it's \x1b")
    same_lines(later.text, fr"""
Received 'Hello World!' from ('127.0.0.1', {own})
Send: 'Hello World!'
Close the connection
Received 'it\'s \x1b' from ('127.0.0.1', {other})
Send: 'it\'s \x1b'
Close the connection
Server closed
""")

    with program.serving(SERVING, "--port", "0", "--quiet") as (port, later):
        messages = [bytes([n]) * 100_000 for n in range(20)]
        same("20 echoes", asyncio.run(say_all(port, messages)), messages)
        for _ in range(5):
            reset_amid_message(port)
        idle = [socket.create_connection(("127.0.0.1", port))
                for _ in range(20)]
        same("an echo", asyncio.run(say_all(port, [b"on"])), [b"on"])
    # Ctrl-C came while 20 connections were open.
    for connection in idle:
        with connection, contextlib.suppress(ConnectionResetError):
            same("the end", connection.recv(1), b"")
    lines = later.text.splitlines()
    same("the last line", lines.pop(), "Server closed")
    for line in lines:
        same_lines(line, "Lost ('127.0.0.1', {number}): {any}")


def reset_amid_message(port):
    """Sends much, reads nothing, and ends the connection with a reset."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                client.send(bytes(65536))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))


def chat_with(port):
    with socket.create_connection(("localhost", port), HANGS) as guest:
        return guest.makefile("rw", newline="\n")


def says(guest, text):
    guest.write(text + "\n")
    guest.flush()


def hears(guest, *expected):
    for line in expected:
        same("what a guest hears", guest.readline().rstrip("\n"), line)


@example("chat_server")
def chat_server(program):
    with program.serving("chat on port {number}", "0") as (port, later):
        anna, bert = chat_with(port), chat_with(port)
        says(anna, "hello?")
        says(anna, "/tree")  # so that the room has heard of her
        hears(anna, "chat: one_for_one", "  room: runs", "  front: runs")
        says(bert, "hello anna")
        hears(anna, "hello anna")
        says(bert, "/crash")
        hears(bert, "the room breaks down")
        says(anna, "/tree")
        hears(anna, "chat: one_for_one", "  room: runs, restarted 1 times",
              "  front: runs")
        says(bert, "on we go")
        hears(anna, "on we go")
        anna.close()
        bert.close()
    same_lines(later.text, """
the room is open again
the chat is closed
""")


@example("echo_client")
def echo_client(program):
    with python_server(python_echo) as port:
        printed, _ = program.run("--port", port)
        same_lines(printed, """
Send: 'Hello World!'
Received: 'Hello World!'
Close the connection
""")
        printed, _ = program.run("--port", port, "--message", "hi")
        same_lines(printed, """
Send: 'hi'
Received: 'hi'
Close the connection
""")
    program.run("--port", unused_port(), status=1, errors="echo_client: {any}")


@example("echo_load")
def echo_load(program):
    server = Example(program.folder, "echo_server")
    with server.serving(SERVING, "--port", "0", "--quiet") as (port, later):
        printed, seconds = program.run("--port", port, "--clients", 10,
                                       "--seconds", 0.5)
    same_lines(printed, "10 clients, {seconds} s: {grouped} requests, {grouped}"
                        " requests/s, p50 {grouped} us, p99 {grouped} us")
    not_early("the load", seconds, 0.5)
    same("what the server says", later.text, "Server closed\n")


@example("stream_echo_server")
def stream_echo_server(program):
    with program.serving("main: starting up on localhost port {number}", 0,
                         stream="stderr") as (port, later):
        own, answer = asyncio.run(say(port, b"one"))
        same("the echo", answer, b"one")
        long = b"0123456789" * 30
        other, answer = asyncio.run(say(port, long))
        same("the echo", answer, long)
    lines = later.text.splitlines()
    own, other = f"echo_127.0.0.1_{own}: ", f"echo_127.0.0.1_{other}: "
    same_lines("\n".join(line for line in lines if line.startswith(own)), f"""
{own}connection accepted
{own}received b'one'
{own}sent b'one'
{own}closing
""")
    rest = [line for line in lines if line.startswith(other)]
    same("first", rest[0], other + "connection accepted")
    same("last", rest[-1], other + "closing")
    for verb in "received", "sent":
        pieces = [re.fullmatch(rf"{verb} b'(\d+)'", line[len(other):])
                  for line in rest[1:-1] if verb in line]
        same(verb, "".join(piece[1] for piece in pieces).encode(), long)
        same("longest piece above 128", any(len(x[1]) > 128 for x in pieces),
             False)
    same("the last line", lines[-1], "main: closing server")


@example("stream_echo_client")
def stream_echo_client(program):
    with python_server(python_echo) as port:
        printed, _ = program.run(port, errors=None)
    same("standard output", printed, "")
    received = re.compile(r"echo_client: received b'(.*)'")
    lines = program.errors.splitlines()
    same_lines("\n".join(x for x in lines if not received.match(x)), f"""
echo_client: connecting to localhost port {port}
echo_client: sending b'This is the message.'
echo_client: sending b'It will be sent'
echo_client: sending b'in parts.'
echo_client: waiting for response
echo_client: closing
main: closing event loop
""")
    same("all that was received",
         "".join(x[1] for x in map(received.match, lines) if x),
         "This is the message.It will be sentin parts.")


# -- nodes --------------------------------------------------------------------

NODE = "Node '{any}' at 127.0.0.1:{number}"


@contextlib.contextmanager
def certificates(*names):
    """A folder with certificates of these nodes, and the options for it."""
    script = pathlib.Path(__file__).parents[2] / "scripts/make-certificates"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([script, folder, *names], check=True)
        yield "--certificates", folder


def echo_between_nodes(program, *options):
    """An echo, the server killed amid it and started again."""
    server = Example(program.folder, "distributed_echo_server")
    client = Example(program.folder, "distributed_echo_client")
    first = subprocess.Popen([server.program, "--port", "0", *options],
                             stdin=subprocess.DEVNULL, text=True,
                             stdout=subprocess.PIPE)
    try:
        port = int(same_lines(first.stdout.readline().rstrip(), NODE)[-1])
        talk = subprocess.Popen(
            [client.program, "--port", str(port), "--count", "30",
             "--interval", "0.05", *options],
            stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE)
        heard = [first.stdout.readline() for _ in range(3)]
        same("the third", heard[2], "Received 'Hello 3' from 'client'\n")
    finally:
        first.kill()
        first.communicate()
    try:
        with server.serving(NODE, "--port", port, *options) as (_, later):
            printed = talk.communicate(timeout=HANGS)[0]
        same("exit status", talk.returncode, 0)
    finally:
        talk.kill()
    lines = printed.splitlines()
    for line in lines[1:-1]:
        same_lines(line, next(
            pattern for start, pattern in {
                "Send": "Send: 'Hello {number}'",
                "Rece": "Received: 'Hello {number}' after {any} ms",
                "Lost": "Lost: node 'server' is lost: {any}",
                "No s": "No server yet: node 'server' {any}",
                "Conn": "Connected to 'server'",
            }.items() if line.startswith(start)))
    same("lost once", sum(x.startswith("Lost") for x in lines) <= 1, True)
    same("connected twice",
         sum(x.startswith("Connected") for x in lines), 2)
    same_lines(lines[-1], "{number} echoes, fastest {any} ms, slowest {any} ms")
    same("the end of the server", later.text.splitlines()[-1], "Node stopped")


@example("distributed_echo_server")
def distributed_echo_server(program):
    echo_between_nodes(program)


@example("distributed_echo_client")
def distributed_echo_client(program):
    with certificates("server", "client") as options:
        echo_between_nodes(program, *options)
        # A client of another authority is not let in.
        server = Example(program.folder, "distributed_echo_server")
        with certificates("client") as others, \
             server.serving(NODE, "--port", 0, *options) as (port, _):
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run([program.program, "--port", str(port), *others],
                               stdin=subprocess.DEVNULL, text=True, timeout=1,
                               capture_output=True)
                raise Failed("a stranger was served")


@example("distributed_lock")
def distributed_lock(program):
    with tempfile.TemporaryDirectory() as folder, \
         program.serving(NODE, "--name", "server", "--port", 0) as (port, later):
        file = str(pathlib.Path(folder, "count"))
        together = [subprocess.Popen(
            [program.program, "--port", str(port), "--name", file,
             "--count", "20"], stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE) for _ in range(4)]
        for process in together:
            same_lines(process.communicate(timeout=HANGS)[0],
                       "counted to {number}, last token {number}")
            same("exit status", process.returncode, 0)
        same("the count", pathlib.Path(file).read_text().split()[1], "80")
    same("the end of the server", later.text, "Node stopped\n")


@example("distributed_cancel")
def distributed_cancel(program):
    with program.serving(NODE, "--name", "server", "--port", 0) as (port, later):
        for n in (1, 2):
            client = subprocess.run(
                [program.program, "--name", "client", "--port", str(port)],
                stdin=subprocess.DEVNULL, text=True, timeout=HANGS,
                stdout=subprocess.PIPE)
            same_lines(client.stdout, f"""
the task runs on node 'server'
cancelled: yes
'sheep {n}' on node 'server' has ended: {{any}}enough{{any}}
awaiting it: cancelled, enough
""")
            same("exit status", client.returncode, 0)
    same_lines(later.text, """
counting sheep
cancelled after {number} sheep: enough
counting sheep
cancelled after {number} sheep: enough
Node stopped
""")


@example("distributed_work_queue")
def distributed_work_queue(program):
    producer = subprocess.Popen(
        [program.program, "--name", "producer", "--port", "0",
         "--count", "3000"],
        stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE)
    try:
        port = same_lines(producer.stdout.readline().rstrip(), NODE)[-1]
        workers = {name: subprocess.Popen(
            [program.program, "--name", name, "--port", port],
            stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE)
            for name in ("anna", "bert", "cora")}
        same_lines(producer.communicate(timeout=HANGS)[0],
                   "3000 pieces done, sum of squares 9004500500")
        did = 0
        for name, worker in workers.items():
            printed = worker.communicate(timeout=HANGS)[0]
            did += int(same_lines(printed, name + " did {number} pieces")[-1])
        same("pieces done", did, 3000)
    finally:
        producer.kill()


# -- main ---------------------------------------------------------------------

def check(folder, name):
    """Runs one example; returns what is wrong, or nothing."""
    if name not in EXAMPLES:
        return "run_examples.py does not say what it should print"
    try:
        EXAMPLES[name](Example(folder, name))
    except (Failed, OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    return ""


def main():
    folder = pathlib.Path(sys.argv[1])
    built = sorted(path.name.removeprefix("example_")
                   for path in folder.glob("example_*") if path.suffix == "")
    names = sys.argv[2:] or sorted(EXAMPLES.keys() | built)

    # A shell's background jobs ignore Ctrl-C; ours must not inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        checks = [pool.submit(check, folder, name) for name in names]
        for name, result in zip(names, checks):
            problem = result.result()
            failed += bool(problem)
            print(f"failed {name}: {problem}" if problem else f"ok     {name}",
                  flush=True)
    print(f"{len(names) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
