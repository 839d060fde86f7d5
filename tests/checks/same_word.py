"""Checks that one word opens all doors: <room>/troupe/<word>.hpp is tested by
<word>_test.cpp in tests/<room>/, tests/conformance/ or tests/simulation/. Run
it from the top of the sources.
"""

import pathlib
import sys

# Headers without behaviour of their own.
EXCEPTIONS = {"troupe"}

missing = [
    f"{header}: no {header.stem}_test.cpp in tests/{pathlib.Path(room).name}/, conformance/ or "
    "simulation/"
    for room in ("runtime", "actors", "actors/nodes")
    for header in sorted(pathlib.Path(room, "troupe").glob("*.hpp"))
    if header.stem not in EXCEPTIONS
    and not any(pathlib.Path("tests", folder, f"{header.stem}_test.cpp").is_file()
                for folder in (pathlib.Path(room).name, "conformance", "simulation",
                              "simulation/gtest"))
]
print("\n".join(missing))
sys.exit(1 if missing else 0)
