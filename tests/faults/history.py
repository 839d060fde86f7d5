"""Reads what the nodes of a fault run wrote down, and says what of it cannot be.

A client's operation begins with "invoke" and ends with "ok", "fail" (it was not
done) or "info" (nobody knows); one without an end is as unknown as "info". The
server writes down what it counted and who showed which token, in its order. What
a killed server held in its queue is lost; count and greatest token are not.
"""

import collections
import json
import math

NEVER = math.inf


class Operation:
    """One operation of a client, with everything that is known of it."""

    def __init__(self, line):
        self.who = line["who"]
        self.number = line["op"]
        self.kind = line["kind"]
        self.what = line["what"]
        self.session = line["session"]
        self.life = line["life"]
        self.begin = line["time"]
        self.end = NEVER
        self.outcome = "open"
        self.result = None

    @property
    def known(self):
        return self.outcome in ("ok", "fail")

    def __str__(self):
        return f"{self.kind} {self.what} (operation {self.number} of {self.who})"


class History:
    """The lines of one run. Each process is known by its name: "anna.2" is the
    second life of anna. `pauses` says when a process was stopped, `killed` which
    lives of the server were."""

    def __init__(self, clients, server, *, pauses=(), killed=(), live_to_end=()):
        self.lines = sorted(clients, key=lambda line: line["time"])
        self.server = list(server)
        self.pauses = list(pauses)
        self.killed = set(killed)
        self.live_to_end = set(live_to_end)
        operations = {}
        self.lost = {}
        self.connections = []  # who, begin and end of each attempt
        attempts = {}
        for line in self.lines:
            key = line["who"], line.get("op")
            if line["event"] == "invoke":
                operations[key] = Operation(line)
            elif line["event"] in ("ok", "fail", "info"):
                done = operations[key]
                done.end, done.outcome = line["time"], line["event"]
                done.result = line["result"]
            elif line["event"] == "connecting":
                attempts[line["who"]] = line["time"]
            elif line["event"] in ("connected", "unreachable"):
                begin = attempts.pop(line["who"])
                self.connections.append((line["who"], begin, line["time"]))
            elif line["event"] == "lost":
                self.lost[line["who"], line["session"]] = line["time"]
        self.operations = list(operations.values())

    def of(self, *kinds, outcome=None):
        return [x for x in self.operations
                if x.kind in kinds and outcome in (None, x.outcome)]

    def server_lines(self, event):
        return [line for line in self.server if line["event"] == event]

    def awake(self, who, begin, end):
        """Seconds from begin to end, without the pauses of a process."""
        held = sum(max(0, min(end, stop) - max(begin, start))
                   for name, start, stop in self.pauses if name == who)
        return end - begin - held


def in_real_time_order(operations, number):
    """Pairs of operations of which one began after the other had ended, and its
    number is not greater all the same."""
    greatest = None
    ended = sorted(operations, key=lambda x: x.end)
    i = 0
    for later in sorted(operations, key=lambda x: x.begin):
        while i < len(ended) and ended[i].end < later.begin:
            if greatest is None or number(ended[i]) > number(greatest):
                greatest = ended[i]
            i += 1
        if greatest is not None and number(later) <= number(greatest):
            yield greatest, later


# -- the rules ----------------------------------------------------------------

def check_lock(history):
    holders = {}
    grants = history.of("acquire", outcome="ok")
    for grant in grants:
        token = int(grant.result)
        if token in holders:
            yield f"lock: token {token} was granted to {holders[token]} and {grant}"
        holders[token] = grant
    for before, after in in_real_time_order(grants, lambda x: int(x.result)):
        yield (f"lock: the token of {after} is not greater than that of {before}, "
               "which had it before")
    last = 0
    for line in history.server_lines("accepted"):
        token = line["token"]
        if token < last:
            yield f"lock: {line['what']} wrote with token {token} after {last}"
        last = max(last, token)
        holder = holders.get(token)
        if holder is None or not line["what"].startswith(holder.who.split(".")[0]):
            yield (f"lock: {line['what']} wrote with token {token}, "
                   "which it was not granted")
    # What is asked through the connection that holds the lock comes before the
    # lock can be somebody else's.
    for write in history.of("write", outcome="ok"):
        token = int(write.what.split()[0])
        grant = holders.get(token)
        if (write.result == "0" and grant
                and (grant.who, grant.session) == (write.who, write.session)):
            yield f"lock: {grant} held token {token}, and its write was refused"


def check_queue(history):
    puts = {put.what: put for put in history.of("put")}
    takes = [x for x in history.of("get", "take", outcome="ok") if x.result]
    got = {}
    for take in takes:
        item = take.result
        if item in got:
            yield f"queue: {item} was got twice, by {got[item]} and {take}"
        got[item] = take
        put = puts.get(item)
        if put is None or put.begin > take.end:
            yield f"queue: {item} was got by {take}, and nobody had put it"
        elif put.outcome == "fail":
            yield f"queue: {item} was got by {take}, though its put was given up"
        elif put.life != take.life:
            yield f"queue: {item} was got by {take} from another life of the server"
    unknown = collections.defaultdict(list)
    empty = collections.defaultdict(list)
    for take in history.of("get", "take"):
        if not take.known:
            unknown[take.life].append(take)
        if take.outcome != "ok":
            empty[take.life].append(take)
    lives = collections.defaultdict(list)
    for put in puts.values():
        if put.outcome == "ok" and put.what not in got:
            lives[put.life].append(put)
    for life, lost in lives.items():
        if life not in history.killed and len(lost) > len(unknown[life]):
            yield (f"queue: {len(lost)} items were put and never got, among them "
                   f"{lost[0].what}; only {len(unknown[life])} were on their way")
    yield from check_order(puts, got, empty)


def check_order(puts, got, empty):
    """FIFO for each producer, as long as it has one connection."""
    def came_back(put, take):
        # What was on its way to a get that was given up, or to a node that was
        # lost, goes back to the front; others may have come out meanwhile.
        return any(x.begin < take.begin and put.begin < x.end
                   for x in empty[take.life])

    producers = collections.defaultdict(list)
    for item, take in got.items():
        if item in puts:
            put = puts[item]
            producers[put.who, put.session].append((put, take))
    for line in producers.values():
        line.sort(key=lambda pair: pair[0].begin)
        # Backwards: who came out before this one, and was put after it?
        first = None
        for put, take in reversed(line):
            if first and first[1].end < take.begin and not came_back(put, take):
                yield f"queue: {first[0].what} came out before {put.what}"
            if first is None or take.end < first[1].end:
                first = put, take


def check_counter(history):
    counted = {}
    for place, line in enumerate(history.server_lines("counted"), 1):
        what = line["what"]
        if what in counted:
            yield f"counter: {what} was counted twice"
        counted[what] = line["result"]
        if line["result"] != place:
            yield f"counter: {what} made it {line['result']} instead of {place}"
    calls = history.of("count")
    done = [x for x in calls if x.outcome == "ok"]
    known = {x.what: x for x in calls}
    for what in counted:
        if what not in known:
            yield f"counter: {what} was counted, and nobody had asked for it"
        elif known[what].outcome == "fail":
            yield f"counter: {what} was counted, though the call was given up"
    for call in done:
        if counted.get(call.what) != int(call.result):
            yield (f"counter: {call} gave {call.result}, and the server counted "
                   f"{counted.get(call.what)}")
    for before, after in in_real_time_order(done, lambda x: int(x.result)):
        yield (f"counter: {after} gave {after.result} after {before} "
               f"gave {before.result}")
    unknown = sum(not x.known for x in calls)
    if not len(done) <= len(counted) <= len(done) + unknown:
        yield (f"counter: it is {len(counted)} in the end, and {len(done)} calls "
               f"were answered, {unknown} are unknown")


def check_ends(history, limit, after_loss):
    """Every await ends within `limit`, and `after_loss` after its node was lost,
    in seconds that the process was awake. Connecting takes several."""
    for x in history.operations:
        if x.outcome == "open":
            if x.who in history.live_to_end:
                yield f"hang: {x} never ended"
            continue
        taken = history.awake(x.who, x.begin, x.end)
        if taken > limit:
            yield f"hang: {x} took {taken:.1f} s, {limit} may be"
        lost = history.lost.get((x.who, x.session), NEVER)
        late = history.awake(x.who, max(lost, x.begin), x.end) if lost < x.end else 0
        if late > after_loss:
            yield f"hang: {x} ended {late:.1f} s after its node was lost"


    for who, begin, end in history.connections:
        taken = history.awake(who, begin, end)
        if taken > 2 * limit:
            yield f"hang: {who} connected for {taken:.1f} s, {2 * limit} may be"


def check_errors(history):
    for line in history.lines:
        if line["event"] == "wrong":
            yield f"error: {line['who']}: {line['why']}"


def check(history, *, limit, after_loss=1.0):
    """All that is wrong with a history; empty if it is clean."""
    return [*check_lock(history), *check_queue(history), *check_counter(history),
            *check_ends(history, limit, after_loss), *check_errors(history)]


def read(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]
