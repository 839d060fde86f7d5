"""Checks that no test lets real time pass in order to see a state: tests wait for
the state, or run in a simulation. Run it from the top of the sources.

What time is about (sleeps, timers, deadlines, a loop that idles), and pauses that
stand for work and that no result depends on, are counted here by file. A new one
fails; think of a future, an event or a simulation before you raise a number.
"""

import pathlib
import re
import sys

PAUSE = re.compile(
    r"\b(?:sleep_for|sleep_until|usleep|nanosleep)\s*\("
    r"|\bsleep\((?!0s|0ms|0ns|\w*1h\b|24h|std::chrono::hours)"
    r"[^)]*\d(?:ns|us|ms|s)\b"
    r"|time\.sleep\(")

# Virtual time only, and the checks themselves.
ELSEWHERE = {"simulation", "bugs", "weak_memory", "checks"}
VIRTUAL = "simulated_"

COUNTED = {
    "actors/lock_test.cpp": 2,
    "actors/server_test.cpp": 1,
    "actors/task_test.cpp": 5,
    "conformance/cancellation_test.cpp": 6,
    "conformance/exception_handler_test.cpp": 7,
    "conformance/loop_test.cpp": 4,
    "conformance/run_test.cpp": 7,
    "conformance/task_group_test.cpp": 2,
    "conformance/threads_test.cpp": 1,
    "conformance/timeout_test.cpp": 4,
    "differential/75_to_thread.py": 1,
    "differential/99_idle.py": 2,
    "differential/conditions.cpp": 2,
    "differential/queues.cpp": 1,
    "differential/scopes.cpp": 1,
    "differential/streams.cpp": 2,
    "differential/threads.cpp": 4,
    "faults/programs/fault_node.cpp": 1,
    "faults/programs/fault_proxy.cpp": 1,
    "faults/run_faults.py": 2,
    "nodes/loss_test.cpp": 2,
    "runtime/async_generator_test.cpp": 1,
    "runtime/sleep_test.cpp": 2,
}

wrong = []
for path in sorted(pathlib.Path("tests").rglob("*")):
    if (path.suffix not in (".cpp", ".hpp", ".py")
            or path.parts[1] in ELSEWHERE or path.name.startswith(VIRTUAL)):
        continue
    found = [number for number, line
             in enumerate(path.read_text().splitlines(), 1)
             if PAUSE.search(line)]
    allowed = COUNTED.get("/".join(path.parts[1:]), 0)
    if len(found) > allowed:
        wrong.append(f"{path}: lines {found} wait for time; {allowed} may")
print("\n".join(wrong))
sys.exit(1 if wrong else 0)
