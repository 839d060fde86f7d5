"""Runs each program here in C++ and in Python; both must print the same.

compare.py EXECUTABLE [NAME...]

A program is a file NN_name.py and its twin NN_name in the executable. A line
"# arguments: A, B, ..." in the file stands for one run with each of them.
"""

import concurrent.futures
import difflib
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def runs():
    """Gives (name, arguments) for each run."""
    for path in sorted(HERE.glob("[0-9]*_*.py")):
        source = path.read_text()
        listed = re.search(r"^# arguments: (.*)$", source, re.MULTILINE)
        if not listed:
            yield path.stem, []
            continue
        for argument in listed.group(1).split(", "):
            yield path.stem, [argument]


def output_of(command):
    """Returns what a command prints, and how it ended if that was not well."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60, errors="backslashreplace")
    except subprocess.TimeoutExpired as e:
        return (e.stdout or b"").decode(), "it hangs"
    if done.returncode != 0:
        return done.stdout, done.stderr + f"exit code {done.returncode}"
    return done.stdout, ""


def difference(executable, name, arguments):
    """Returns how the outputs differ; empty if they do not."""
    expected, problem = output_of(
        [sys.executable, "-I", "-S", str(HERE / f"{name}.py"), *arguments])
    if problem:
        return "Python itself failed: " + problem
    printed, problem = output_of([executable, name, *arguments])
    if expected == printed and not problem:
        return ""
    return problem + "\n" + "".join(difflib.unified_diff(
        expected.splitlines(keepends=True), printed.splitlines(keepends=True),
        "Python", "C++"))


def main():
    executable, *names = sys.argv[1:] or sys.exit(__doc__)
    wanted = [run for run in runs() if not names or run[0] in names]
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(difference, executable, *run) for run in wanted]
        for (name, arguments), answer in zip(wanted, answers):
            found = answer.result()
            print("FAIL" if found else "ok  ", name, *arguments)
            if found:
                print(found)
                failed += 1
            else:
                passed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
