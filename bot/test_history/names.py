"""Tell whether two names are of one test: runners and reports write them differently."""

from __future__ import annotations

import re

# the longest name that is kept or compared; longer ones are of parameters that hold whole texts
LONGEST = 500
_UNITTEST = re.compile(r"(\w+) \(([\w.]+)\)$")


def normalise(test: str) -> str:
    """Return what is the same in all ways to write a test's name.

    pytest says ``tests/test_a.py::TestB::test_c[x/y]``, its JUnit file ``tests.test_a.TestB::test_c[x/y]``, and
    unittest ``test_c (tests.test_a.TestB)``. Parameters stay as they are.
    """
    said = test[:LONGEST].strip()
    by_unittest = _UNITTEST.match(said)
    if by_unittest:
        name, place = by_unittest.groups()
        return place if place.endswith(f".{name}") else f"{place}.{name}"
    name, bracket, rest = said.partition("[")
    dotted = name.removeprefix("./").replace(".py::", ".").replace("::", ".").replace("/", ".").replace("\\", ".")
    return dotted + bracket + rest
