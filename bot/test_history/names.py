"""Tell whether two names are of one test: runners and reports write them differently."""

from __future__ import annotations

# the longest name that is kept or compared; longer ones are of parameters that hold whole texts
LONGEST = 500


def normalise(test: str) -> str:
    """Return what is the same in all ways to write a test's name.

    pytest says ``tests/test_a.py::TestB::test_c[x/y]``, its JUnit file ``tests.test_a.TestB::test_c[x/y]``. Parameters
    stay as they are.
    """
    name, bracket, rest = test[:LONGEST].strip().partition("[")
    dotted = name.removeprefix("./").replace(".py::", ".").replace("::", ".").replace("/", ".").replace("\\", ".")
    return dotted + bracket + rest
