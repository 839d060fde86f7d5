"""Runs a program and compares what it prints with what is expected.

same_output.py --file EXPECTED -- PROGRAM [ARGUMENT...]
same_output.py --python SCRIPT -- PROGRAM [ARGUMENT...]
"""

import difflib
import pathlib
import subprocess
import sys


def output_of(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}, after\n"
                 + done.stdout)
    return done.stdout


def main():
    kind, source, separator, *command = sys.argv[1:]
    assert separator == "--", __doc__
    if kind == "--file":
        expected = pathlib.Path(source).read_text()
    else:
        expected = output_of([sys.executable, source])
    printed = output_of(command)
    if printed != expected:
        sys.stdout.writelines(difflib.unified_diff(
            expected.splitlines(keepends=True),
            printed.splitlines(keepends=True), source, command[0]))
        sys.exit("\nthe output differs")


main()
