"""Checks that one word opens all doors: <room>/troupe/<word>.hpp is tested by
tests/<room>/<word>_test.cpp. Run it from the top of the sources.
"""

import pathlib
import sys

# Headers without behaviour of their own.
EXCEPTIONS = {"troupe"}

missing = [
    f"{header}: there is no {test}"
    for room in ("runtime", "actors")
    for header in sorted(pathlib.Path(room, "troupe").glob("*.hpp"))
    if header.stem not in EXCEPTIONS
    and not (test := pathlib.Path("tests", room, f"{header.stem}_test.cpp")).is_file()
]
print("\n".join(missing))
sys.exit(1 if missing else 0)
