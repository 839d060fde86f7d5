"""Makes random programs and runs each in C++ and in Python.

fuzz.py EXECUTABLE [--seeds A-B]   compares; 1-100 if not said
fuzz.py EXECUTABLE --reduce SEED   looks for a smaller program that differs
fuzz.py EXECUTABLE --file FILE     compares the programs of a file
fuzz.py --show SEED                prints the program of a seed
fuzz.py --interpret FILE           runs a file in Python

A program is text: its futures, and lists of steps for tasks (task 0 is main),
for coroutines that tasks call, and for callbacks. Every step prints a line.
No step depends on real time: a nap is over in the next turn, and the deadlines
of timers lie in the past. A watchdog cancels what hangs.
"""

import argparse
import asyncio
import concurrent.futures
import contextvars
import difflib
import os
import random
import subprocess
import sys
import tempfile

variable = contextvars.ContextVar("variable", default=0)


# -- the text of a program ----------------------------------------------------

def write(program):
    lines = [f"program {program['seed']} {program['futures']} "
             f"{program['watchdog']}"]
    for kind in ("task", "sub", "callback"):
        for body in program[kind]:
            lines.append(kind)
            lines += [" " + " ".join(map(str, step)) for step in body]
    lines.append("end")
    return "\n".join(lines) + "\n"


def read(text):
    program = None
    for line in text.splitlines():
        words = line.split()
        if words[0] == "program":
            program = {"seed": int(words[1]), "futures": int(words[2]),
                       "watchdog": words[3],
                       "task": [], "sub": [], "callback": []}
        elif words[0] == "end":
            yield program
        elif words[0] in ("task", "sub", "callback"):
            body = []
            program[words[0]].append(body)
        else:
            body.append((words[0],
                         *(w if w.isalpha() else int(w) for w in words[1:])))


# -- making programs ----------------------------------------------------------

class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tasks = self.random.randint(2, 8)
        self.futures = self.random.randint(1, 5)
        self.subs = self.random.randint(0, 4)
        self.callbacks = self.random.randint(1, 6)
        self.size = self.random.choice((1, 1, 1, 2, 3))
        # Each program likes some steps more than others.
        self.taste = {name: self.random.choice((1, 1, 2, 4)) for name in
                      (*self.SYNC, *self.ASYNC)}
        self.program = {
            "seed": seed,
            "futures": self.futures,
            "watchdog": self.random.choice(("soon", "later")),
            "task": [self.task(k) for k in range(self.tasks)],
            "sub": [self.body(self.steps(1, 5), sub=k)
                    for k in range(self.subs)],
            "callback": [self.callback(k) for k in range(self.callbacks)],
        }

    SYNC = {"say": 2, "set": 5, "fail": 2, "cancelf": 3, "renew": 2,
            "spawn": 4, "again": 1, "cancel": 6, "soon": 3, "late": 2,
            "short": 1, "drop": 1, "done": 3, "donet": 2, "undone": 1, "ctx": 1, "count": 1, "state": 2,
            "statef": 1, "stop": 0.5}
    ASYNC = {"yield": 8, "nap": 3, "await": 8, "join": 6, "call": 4,
             "iter": 1, "raise": 0.7, "giveup": 0.4, "return": 0.5}

    def one_of(self, steps):
        names = list(steps)
        return self.random.choices(
            names, [steps[n] * self.taste[n] for n in names])[0]

    def steps(self, low, high):
        return self.random.randint(low, high * self.size)

    def task(self, k):
        if k > 0:
            return self.body(self.steps(1, 8))
        first = [("spawn", t) for t in range(1, self.tasks)
                 if self.random.random() < 0.8]
        self.random.shuffle(first)
        return first + self.body(self.steps(3, 10))

    def callback(self, k):
        body = [self.sync() for _ in range(self.steps(1, 3))]
        if self.random.random() < 0.1:
            body.append(("boom", self.value()))
        return body

    def body(self, length, sub=None):
        return [self.sync() if self.random.random() < 0.45
                else self.asynchronous(sub) for _ in range(length)]

    def value(self):
        return self.random.randint(1, 99)

    def a_future(self):
        return self.random.randrange(self.futures)

    def a_task(self):
        return self.random.randrange(self.tasks)

    def a_callback(self):
        return self.random.randrange(self.callbacks)

    def sync(self):
        name = self.one_of(self.SYNC)
        r = self.random
        if name in ("set", "fail", "cancelf"):
            return name, self.a_future(), self.value()
        if name in ("statef", "renew"):
            return name, self.a_future()
        if name in ("spawn", "again", "state"):
            return name, self.a_task()
        if name == "cancel":
            return name, self.a_task(), self.value()
        if name in ("soon", "short"):
            return name, self.a_callback()
        if name == "late":
            return name, self.a_callback(), r.randint(0, 500)
        if name in ("drop", "undone"):
            return name, r.randint(0, 20)
        if name == "done":
            return name, self.a_future(), self.a_callback()
        if name == "donet":
            return name, self.a_task(), self.a_callback()
        if name == "ctx":
            return name, self.value()
        return (name,)

    def mode(self):
        return self.random.choice("nnnncceearryuff")

    def asynchronous(self, sub):
        name = self.one_of(self.ASYNC)
        r = self.random
        if name == "call":
            callees = range(0 if sub is None else sub + 1, self.subs)
            if not callees:
                return "yield", self.mode()
            return name, r.choice(callees), self.mode()
        if name in ("yield", "nap"):
            return name, self.mode()
        if name == "await":
            return name, self.a_future(), self.mode()
        if name == "join":
            return name, self.a_task(), self.mode()
        if name == "iter":
            return name, r.randint(0, 5), r.randint(0, 5), self.mode()
        if name == "return":
            return name, self.value()
        return name, self.value(), self.mode()


def make(seed):
    return Maker(seed).program


# -- running them in Python ---------------------------------------------------

class Boom(Exception):
    pass


class Machine:
    def __init__(self, program):
        self.program = program
        self.lines = []
        self.budget = 150  # callbacks that may still be asked for
        self.ticks = 0
        self.deadlines = 0
        self.handles = []
        self.registered = []  # (future or task, callback)
        self.self_cancelled = set()

    # What runs, and the variable that it sees, stand before every line.
    def say(self, *words):
        task = asyncio.current_task(self.loop)
        name = task.get_name() if task else "-"
        self.lines.append(" ".join(map(str, (name, variable.get(), *words))))

    def run(self):
        self.loop = loop = asyncio.new_event_loop()
        loop.set_exception_handler(self.on_error)
        self.base = loop.time() - 2000
        self.futures = [loop.create_future()
                        for _ in range(self.program["futures"])]
        self.tasks = [None] * len(self.program["task"])
        self.spawn(0)
        self.watch()
        while True:
            try:
                self.say("main returned",
                         loop.run_until_complete(self.tasks[0]))
            except Boom as e:
                self.say("main failed", e)
            except asyncio.CancelledError:
                self.say("main was cancelled")
            except RuntimeError:
                self.say("stopped")
                continue
            break
        while any(t and not t.done() for t in self.tasks):
            self.cancel_all()
            drain = loop.create_task(self.drain(), name="drain")
            while not drain.done():
                try:
                    loop.run_until_complete(drain)
                except RuntimeError:
                    self.say("stopped")
        for k in range(len(self.tasks)):
            self.do_state(k)
        for f in range(len(self.futures)):
            self.do_statef(f)
        loop.close()
        return self.lines

    async def drain(self):
        for _ in range(5):
            await asyncio.sleep(0)

    def cancel_all(self):
        for k, task in enumerate(self.tasks):
            if task and not task.done():
                self.say("left", k, task.cancel("left"))

    def watch(self):
        self.ticks += 1
        if self.ticks >= 50 and self.ticks % 10 == 0:
            self.cancel_all()
        if self.program["watchdog"] == "soon":
            self.loop.call_soon(self.watch)
        else:
            self.loop.call_later(1e-9, self.watch)

    def on_error(self, loop, context):
        if "handle" in context:
            self.lines.append(f"handler {context['exception']}")

    # -- tasks --

    def spawn(self, k):
        self.self_cancelled.discard(k)
        self.tasks[k] = self.loop.create_task(self.task(k), name=f"t{k}")

    async def task(self, k):
        self.say("begins")
        value = await self.steps(k, self.program["task"][k])
        self.say("ends")
        return value or 0

    async def steps(self, k, body):
        for name, *arguments in body:
            if name == "return":
                self.say("return", *arguments)
                return arguments[0]
            if sync := getattr(self, "do_" + name, None):
                sync(*arguments)
            else:
                await self.step(k, name, arguments[:-1], arguments[-1])
        return None

    async def step(self, k, name, arguments, mode):
        self.say(name, *arguments)
        try:
            await getattr(self, "on_" + name)(k, *arguments)
            self.say(name, *arguments, "ok")
        except asyncio.CancelledError as e:
            if mode not in "caryu":
                raise
            self.say(name, *arguments, "cut", *e.args,
                     self.tasks[k].cancelling())
            if mode == "u" and k not in self.self_cancelled:
                self.say("uncancel", self.tasks[k].uncancel())
            if mode == "y":
                await asyncio.sleep(0)
                self.say("cleaned")
            if mode in "ry":
                raise
        except Boom as e:
            if mode not in "ea":
                raise
            self.say(name, *arguments, "caught", e)
        finally:
            if mode == "f":
                self.say(name, *arguments, "left")

    async def on_yield(self, k):
        await asyncio.sleep(0)

    async def on_nap(self, k):
        await asyncio.sleep(1e-9)

    async def on_await(self, k, f):
        self.say("got", await self.futures[f])

    async def on_join(self, k, other):
        task = self.tasks[other]
        # Tasks that await each other in a circle never end.
        if not task or other <= k:
            self.say("no")
            return
        try:
            self.say("joined", await task)
        except asyncio.CancelledError:
            if task.cancelled():
                # Only the first who asks gets the message in Python 3.11.
                raise asyncio.CancelledError() from None
            raise

    async def on_call(self, k, s):
        self.say("called", await self.steps(k, self.program["sub"][s]) or 0)

    async def on_iter(self, k, count, last):
        source = self.numbers(count)
        async for i in source:
            self.say("item", i)
            if i == last:
                break
        await source.aclose()

    async def numbers(self, count):
        try:
            for i in range(count):
                if i % 2:
                    await asyncio.sleep(0)
                yield i
        finally:
            self.say("generator left")

    async def on_raise(self, k, value):
        raise Boom(value)

    async def on_giveup(self, k, value):
        raise asyncio.CancelledError(value)

    # -- what needs no await --

    def callback(self, c):
        def run(*_):
            self.say("callback", c)
            for name, *arguments in self.program["callback"][c]:
                getattr(self, "do_" + name)(*arguments)
        return run

    def spend(self):
        self.budget -= 1
        return self.budget >= 0

    def do_say(self):
        self.say("say")

    def do_set(self, f, value):
        try:
            self.futures[f].set_result(value)
            self.say("set", f, value)
        except asyncio.InvalidStateError:
            self.say("set", f, "invalid")

    def do_fail(self, f, value):
        try:
            self.futures[f].set_exception(Boom(value))
            self.say("fail", f, value)
        except asyncio.InvalidStateError:
            self.say("fail", f, "invalid")

    def do_renew(self, f):
        if self.futures[f].done():
            if not self.futures[f].cancelled():
                self.futures[f].exception()
            self.futures[f] = self.loop.create_future()
            self.say("renew", f)

    def do_cancelf(self, f, value):
        self.say("cancelf", f, self.futures[f].cancel(str(value)))

    def do_spawn(self, k):
        if not self.tasks[k]:
            self.spawn(k)
            self.say("spawn", k)

    def do_again(self, k):
        if k > 0 and self.tasks[k] and self.tasks[k].done() and self.spend():
            self.spawn(k)
            self.say("again", k)

    def do_cancel(self, k, value):
        if task := self.tasks[k]:
            me = asyncio.current_task(self.loop)
            before = me.cancelling() if me else 0
            self.say("cancel", k, task.cancel(str(value)), task.cancelling())
            if me and me.cancelling() > before:
                # Python 3.11's uncancel() would not take this back.
                self.self_cancelled.add(int(me.get_name()[1:]))

    def do_soon(self, c):
        if self.spend():
            self.say("soon", c)
            self.handles.append(self.loop.call_soon(self.callback(c)))

    def do_late(self, c, seconds):
        if self.spend():
            self.say("late", c, seconds)
            self.deadlines += 1  # no two are equal
            self.handles.append(self.loop.call_at(
                self.base + seconds + self.deadlines / 1000,
                self.callback(c)))

    def do_short(self, c):
        if self.spend():
            self.say("short", c)
            self.handles.append(self.loop.call_later(1e-9, self.callback(c)))

    def do_drop(self, n):
        if self.handles:
            handle = self.handles[n % len(self.handles)]
            self.say("drop", n % len(self.handles), handle.cancelled())
            handle.cancel()

    def add(self, future, c):
        callback = self.callback(c)
        future.add_done_callback(callback)
        self.registered.append((future, callback))

    def do_done(self, f, c):
        if self.spend():
            self.say("done", f, c)
            self.add(self.futures[f], c)

    def do_donet(self, k, c):
        if self.tasks[k] and self.spend():
            self.say("donet", k, c)
            self.add(self.tasks[k], c)

    def do_undone(self, n):
        if self.registered:
            n %= len(self.registered)
            future, callback = self.registered[n]
            self.say("undone", n, future.remove_done_callback(callback))

    def do_ctx(self, value):
        variable.set(value)
        self.say("ctx")

    def do_count(self):
        self.say("count", len(asyncio.all_tasks(self.loop)))

    def state_of(self, future):
        if not future.done():
            return "pending"
        if future.cancelled():
            return "cancelled"
        if future.exception():
            return f"failed {future.exception()}"
        return f"returned {future.result()}"

    def do_state(self, k):
        if task := self.tasks[k]:
            self.say("state", k, self.state_of(task), task.cancelling())

    def do_statef(self, f):
        self.say("statef", f, self.state_of(self.futures[f]))

    def do_stop(self):
        self.say("stop")
        self.loop.stop()

    def do_boom(self, value):
        self.say("boom", value)
        raise Boom(value)


def interpret(program):
    lines = [f"program {program['seed']}"]
    try:
        lines += contextvars.copy_context().run(Machine(program).run)
    except BaseException as e:
        sys.exit(f"seed {program['seed']}: Python itself failed: {e!r}")
    return lines


# -- comparing ----------------------------------------------------------------

def run_cpp(executable, programs):
    """Returns the lines of each program, by seed."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write("".join(map(write, programs)))
    problem = []
    try:
        done = subprocess.run([executable, "interpret", file.name], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=20 + len(programs))
        output = done.stdout
        if done.returncode:
            problem = [f"exit code {done.returncode}",
                       *done.stderr.splitlines()[-30:]]
    except subprocess.TimeoutExpired as e:
        output = (e.stdout or b"").decode()
        problem = ["it hangs"]
    finally:
        os.unlink(file.name)
    found = {}
    lines = []
    for line in output.splitlines():
        if line.startswith("program "):
            lines = found[int(line.split()[1])] = []
        lines.append(line)
    lines += problem
    return found


def differences(executable, programs):
    """Gives (seed, difference) for each program that differs."""
    printed = run_cpp(executable, programs)
    answers = []
    for program in programs:
        expected = interpret(program)
        got = printed.get(program["seed"], ["nothing was printed"])
        if got != expected:
            answers.append((program["seed"], "\n".join(
                difflib.unified_diff(expected, got, "Python", "C++",
                                     lineterm="", n=8))))
    return answers


def compare(executable, programs):
    batches = [programs[i:i + 50] for i in range(0, len(programs), 50)]
    failed = 0
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for answers in pool.map(differences, [executable] * len(batches),
                                batches):
            for seed, difference in answers:
                failed += 1
                if failed <= 5:
                    print(f"FAIL seed {seed}\n{difference[:4000]}\n")
                else:
                    print(f"FAIL seed {seed}")
    print(f"{len(programs) - failed} passed, {failed} failed")
    return failed == 0


def smaller(program):
    """Gives the programs that lack some of the steps."""
    for kind in ("task", "sub", "callback"):
        for k, body in enumerate(program[kind]):
            for size in (len(body), 3, 1):
                if not body or size > len(body):
                    continue
                for start in range(0, len(body) - size + 1):
                    bodies = list(program[kind])
                    bodies[k] = body[:start] + body[start + size:]
                    yield {**program, kind: bodies}
            for n, step in enumerate(body):
                if step[-1] in list("ceary" "uf"):
                    bodies = list(program[kind])
                    bodies[k] = [*body[:n], (*step[:-1], "n"), *body[n + 1:]]
                    yield {**program, kind: bodies}


def reduce(executable, program):
    if not differences(executable, [program]):
        return None
    changed = True
    while changed:
        changed = False
        for candidate in smaller(program):
            if differences(executable, [candidate]):
                program = candidate
                changed = True
                break
    return program


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", nargs="?")
    parser.add_argument("--seeds", default="1-100")
    parser.add_argument("--reduce", type=int)
    parser.add_argument("--file")
    parser.add_argument("--show", type=int)
    parser.add_argument("--interpret")
    options = parser.parse_args()
    if options.show is not None:
        print(write(make(options.show)), end="")
    elif options.interpret:
        for program in read(open(options.interpret).read()):
            print(*interpret(program), sep="\n")
    elif options.file:
        programs = list(read(open(options.file).read()))
        sys.exit(not compare(options.executable, programs))
    elif options.reduce is not None:
        program = reduce(options.executable, make(options.reduce))
        if not program:
            sys.exit("it does not differ")
        print(write(program))
        for _, difference in differences(options.executable, [program]):
            print(difference)
    else:
        first, last = map(int, options.seeds.split("-"))
        programs = [make(seed) for seed in range(first, last + 1)]
        sys.exit(not compare(options.executable, programs))


if __name__ == "__main__":
    main()
