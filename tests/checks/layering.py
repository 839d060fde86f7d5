"""Checks every #include of the project against the layering table.

The table is RULES below; docs/design.md says why it is so. A path belongs to
the first rule whose folder it lies in. Run it from the top of the sources.
"""

import pathlib
import re
import sys

# What can stand in an #include, by where it comes from. A header of ours in
# angle brackets is named after the room whose folder troupe/ has it.
ANYTHING = {"std", "os", "caf", "asio", "catch2", "<runtime>", "<actors>",
            "<nodes>", "<detail>", '"runtime"', '"actors"', '"own"', "other"}
PUBLIC = {"<runtime>", "<actors>"}
ALL = PUBLIC | {"<nodes>"}

RULES = [
    # file or folder           may include
    ("runtime/troupe/caf.hpp", {"std", "<runtime>", "<detail>", "caf"}),
    ("runtime/troupe/",        {"std", "<runtime>", "<detail>"}),
    ("runtime/",               {"std", "<runtime>", "<detail>", '"runtime"',
                                "caf", "asio", "os"}),
    ("actors/troupe/caf.hpp",  {"std", "<detail>", "caf"} | PUBLIC),
    ("actors/troupe/",         {"std", "<detail>"} | PUBLIC),
    ("actors/nodes/troupe/",   {"std", "<detail>"} | ALL),
    ("actors/nodes/",          {"std", "<detail>", '"actors"', '"runtime"',
                                "caf", "os"} | ALL),
    ("actors/",                {"std", "<detail>", '"actors"', '"runtime"',
                                "caf"} | PUBLIC),
    ("examples/caf_",          {"std", "caf"} | ALL),
    ("examples/distributed_",  {"std", '"own"'} | ALL),
    ("examples/",              {"std"} | ALL),
    ("bench/peer_",            {"std", "os", "caf", "asio", '"own"'}),
    ("bench/nodes",            {"std", "os", '"own"'} | ALL),
    ("bench/",                 {"std", "os", '"own"'} | PUBLIC),
    ("tests/support/",         ANYTHING),
    ("tests/",                 ANYTHING - {"catch2"}),
]

HINTS = {
    "catch2": 'include "support/test.hpp" instead',
    "<detail>": "a header in detail/ is not for users",
}

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


def room_of(header):
    """The room that has a public header, or None."""
    for room in ("runtime", "actors", "actors/nodes"):
        if pathlib.Path(room, header).is_file():
            return room
    return None


def kinds_of(bracket, header):
    """Where a header comes from; more than one word must all be allowed."""
    first = header.split("/")[0]
    if bracket == '"':
        return {f'"{first}"'} if first in ("runtime", "actors") else {'"own"'}
    if first == "troupe":
        room = room_of(header)
        kinds = {f"<{pathlib.Path(room).name}>" if room else "missing"}
        if header.startswith("troupe/detail/"):
            kinds.add("<detail>")
        return kinds
    if first in ("caf", "catch2"):
        return {first}
    if first == "asio" or header == "asio.hpp":
        return {"asio"}
    if re.fullmatch(r"[a-z0-9_]+", header):
        return {"std"}
    return {"os"} if header.endswith(".h") else {"other"}


def complaints(path):
    name = path.as_posix()
    rule, allowed = next(r for r in RULES if name.startswith(r[0]))
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        for kind in sorted(kinds_of(*match.groups()) - allowed):
            text = line.strip()
            if kind == "missing":
                yield f"{name}:{number}: {text}: there is no such header"
            else:
                hint = HINTS.get(kind, "may include " + ", ".join(sorted(allowed)))
                yield f"{name}:{number}: {text}: {kind} in {rule}: {hint}"


def main():
    files = sorted(path for folder in sorted({r[0].split("/")[0] for r in RULES})
                   for path in pathlib.Path(folder).rglob("*.[ch]pp"))
    found = [text for path in files for text in complaints(path)]
    print("\n".join(found))
    print(f"{len(files)} files, {len(found)} includes against the table")
    sys.exit(1 if found else 0)


main()
