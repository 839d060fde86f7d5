"""Checks the checker: a clean history passes, and each wrong one is refused for
what is wrong with it."""

import sys

from history import History, check

LIMIT = 5


class Story:
    """A history told line by line; time passes by itself."""

    def __init__(self):
        self.time = 0
        self.numbers = 0
        self.clients = []
        self.server = []
        self.more = {}

    def tick(self, seconds=0.01):
        self.time += seconds
        return self.time

    def begin(self, who, kind, what="", session=1, life=1):
        self.numbers += 1
        self.clients.append({
            "time": self.tick(), "event": "invoke", "who": who, "kind": kind,
            "op": self.numbers, "what": what, "session": session, "life": life})
        return who, self.numbers

    def end(self, operation, outcome, result="", after=0.01):
        who, number = operation
        self.clients.append({"time": self.tick(after), "event": outcome, "who": who,
                             "op": number, "result": str(result)})

    def do(self, who, kind, what="", outcome="ok", result="", **more):
        self.end(self.begin(who, kind, what, **more), outcome, result)

    def note(self, event, who, **more):
        self.clients.append({"time": self.tick(), "event": event, "who": who, **more})

    def serve(self, event, **more):
        self.server.append({"time": self.tick(), "event": event, **more})

    def put(self, who, item, **more):
        self.do(who, "put", item, result=1, **more)

    def get(self, who, item, **more):
        self.do(who, "get", result=item, **more)

    def hold(self, who, token, *, session=1, life=1):
        """A grant and one write."""
        self.do(who, "acquire", result=token, session=session, life=life)
        self.serve("accepted", token=token, what=who + "/1")
        self.do(who, "write", str(token), result=1, session=session, life=life)

    def count(self, who, what, value, **more):
        self.serve("counted", what=what, result=value)
        self.do(who, "count", what, result=value, **more)

    def check(self):
        return check(History(self.clients, self.server, **self.more), limit=LIMIT)


CLEAN = []
WRONG = []  # (function, a piece of what must be found)


def clean(tell):
    CLEAN.append(tell)


def wrong(expected):
    return lambda tell: WRONG.append((tell, expected))


# -- clean --------------------------------------------------------------------

@clean
def all_is_well(s):
    s.hold("anna.1", 5)
    s.hold("bert.1", 6)
    s.put("anna.1", "a/1")
    s.put("anna.1", "a/2")
    s.get("bert.1", "a/1")
    s.get("anna.1", "a/2")
    s.do("anna.1", "take", result="")
    s.count("anna.1", "a/1", 1)
    s.count("bert.1", "b/1", 2)


@clean
def unknown_may_be_done_or_not(s):
    s.do("anna.1", "put", "a/1", outcome="info")
    s.do("anna.1", "put", "a/2", outcome="info")
    s.get("bert.1", "a/2")
    s.serve("counted", what="a/1", result=1)
    s.do("anna.1", "count", "a/1", outcome="info")
    s.do("anna.1", "count", "a/2", outcome="info")


@clean
def killed_server_loses_its_items(s):
    s.put("anna.1", "a/1")
    s.put("anna.1", "a/2", session=2, life=2)
    s.get("bert.1", "a/2", session=2, life=2)
    s.more = {"killed": {1}}


@clean
def item_on_its_way_is_lost_with_its_node(s):
    s.begin("bert.1", "get")
    s.put("anna.1", "a/1")


@clean
def item_goes_back_to_the_front(s):
    s.put("anna.1", "a/1")
    s.put("anna.1", "a/2")
    late = s.begin("bert.1", "get")
    s.get("anna.1", "a/2")
    s.end(late, "fail")
    s.get("anna.1", "a/1")


@clean
def old_holder_is_refused(s):
    s.do("anna.1", "acquire", result=5)
    s.note("lost", "anna.1", session=1)
    s.hold("bert.1", 6)
    s.serve("refused", token=5, what="anna.1 late")
    s.do("anna.1", "write", "5 late", result=0, session=2)


@clean
def paused_process_takes_long(s):
    s.end(s.begin("anna.1", "get"), "info", after=9)
    s.more = {"pauses": [("anna.1", 1, 8)]}


@clean
def killed_process_ends_nothing(s):
    s.begin("anna.1", "get")
    s.note("start", "anna.2")
    s.more = {"live_to_end": {"anna.2"}}


# -- lock ---------------------------------------------------------------------

@wrong("token 5 was granted to")
def two_equal_tokens(s):
    s.do("anna.1", "acquire", result=5)
    s.do("bert.1", "acquire", result=5)


@wrong("is not greater than that of")
def token_falls(s):
    s.do("anna.1", "acquire", result=6)
    s.do("bert.1", "acquire", result=5)


@wrong("wrote with token 5 after 6")
def old_token_is_accepted(s):
    s.do("anna.1", "acquire", result=5)
    s.do("bert.1", "acquire", result=6)
    s.serve("accepted", token=6, what="bert.1/1")
    s.serve("accepted", token=5, what="anna.1/1")


@wrong("which it was not granted")
def token_of_another(s):
    s.do("anna.1", "acquire", result=5)
    s.serve("accepted", token=5, what="bert.1/1")


@wrong("its write was refused")
def holder_is_refused(s):
    s.do("anna.1", "acquire", result=5)
    s.do("anna.1", "write", "5", result=0)


# -- queue --------------------------------------------------------------------

@wrong("got twice")
def item_is_doubled(s):
    s.put("anna.1", "a/1")
    s.get("anna.1", "a/1")
    s.get("bert.1", "a/1")


@wrong("nobody had put it")
def item_from_nowhere(s):
    s.get("anna.1", "a/1")


@wrong("its put was given up")
def given_up_put_is_done(s):
    s.do("anna.1", "put", "a/1", outcome="fail")
    s.get("anna.1", "a/1")


@wrong("another life")
def item_survives_the_server(s):
    s.put("anna.1", "a/1")
    s.get("anna.1", "a/1", session=2, life=2)


@wrong("never got")
def item_is_lost(s):
    s.put("anna.1", "a/1")
    s.put("anna.1", "a/2")
    s.begin("bert.1", "get")


@wrong("never got")
def given_up_get_takes_an_item(s):
    s.put("anna.1", "a/1")
    s.do("bert.1", "get", outcome="fail")


@wrong("a/2 came out before a/1")
def order_is_lost(s):
    s.put("anna.1", "a/1")
    s.put("anna.1", "a/2")
    s.put("anna.1", "a/3")
    s.get("bert.1", "a/2")
    s.get("bert.1", "a/1")
    s.get("bert.1", "a/3")


# -- counter ------------------------------------------------------------------

@wrong("counted twice")
def call_is_doubled(s):
    s.serve("counted", what="a/1", result=1)
    s.count("anna.1", "a/1", 2)


@wrong("instead of 2")
def count_is_lost(s):
    s.count("anna.1", "a/1", 1)
    s.count("anna.1", "a/2", 1)


@wrong("nobody had asked")
def call_from_nowhere(s):
    s.serve("counted", what="a/1", result=1)


@wrong("the call was given up")
def given_up_call_is_done(s):
    s.serve("counted", what="a/1", result=1)
    s.do("anna.1", "count", "a/1", outcome="fail")


@wrong("the server counted None")
def answered_call_is_lost(s):
    s.do("anna.1", "count", "a/1", result=1)


@wrong("gave 1 after")
def answers_go_back(s):
    s.serve("counted", what="b/1", result=1)
    s.count("anna.1", "a/1", 2)
    s.do("bert.1", "count", "b/1", result=1)


@wrong("it is 0 in the end, and 1 calls")
def final_value_is_too_small(s):
    s.do("anna.1", "count", "a/1", result=1)


# -- ends ---------------------------------------------------------------------

@wrong("never ended")
def await_hangs(s):
    s.begin("anna.1", "get")
    s.more = {"live_to_end": {"anna.1"}}


@wrong("5 may be")
def await_takes_too_long(s):
    s.end(s.begin("anna.1", "get"), "info", after=9)


@wrong("anna.1 connected for 11.0 s")
def connecting_takes_too_long(s):
    s.note("connecting", "anna.1")
    s.tick(11)
    s.note("unreachable", "anna.1", why="gone")


@wrong("after its node was lost")
def await_misses_the_loss(s):
    waiting = s.begin("anna.1", "get")
    s.note("lost", "anna.1", session=1)
    s.end(waiting, "info", after=2)


@wrong("error: anna.1: cancelled")
def unknown_error(s):
    s.note("wrong", "anna.1", why="cancelled")


def main():
    failures = []
    for tell in CLEAN:
        story = Story()
        tell(story)
        failures += [f"{tell.__name__}: {x}" for x in story.check()]
    for tell, expected in WRONG:
        story = Story()
        tell(story)
        found = story.check()
        if not any(expected in x for x in found):
            failures.append(f"{tell.__name__}: found {found}, not '{expected}'")
    print("\n".join(failures))
    print(f"{len(CLEAN)} clean and {len(WRONG)} wrong histories, "
          f"{len(failures)} judged wrong")
    sys.exit(1 if failures else 0)


main()
