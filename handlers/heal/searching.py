"""Turn what CI said of a failure into words by which code is searched.

A log is full of words that are the test runner's own, and they name functions of many projects (``fail``, ``skip``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.ci_logs import find_failing_tests

_MOST = 12_000
_MOST_NAMES = 5
_NO_TEST = "CI fails"
# lines that tell of what passed, and rulers with or without a title
_IDLE = re.compile(r"^.*\b(?:PASSED|SKIPPED|XFAIL)\b.*$\n?|^.*\.\.\. ok$\n?|^[ \t]*([=_-])\1{2,}.*$\n?", re.MULTILINE)
_RUNNERS = re.compile(
    r"\b(?:FAILED|FAILURES?|failed|passed|Failing tests?|ERRORS?|AssertionError|assert|Traceback|self|"
    r"Process completed with exit code)\b"
)


def write_query(said: Sequence[str]) -> tuple[str, str]:
    """Return the title and the text to search by, for what checks said.

    The title names the failing tests, since their names say what is wrong.
    """
    told = "\n\n".join(said)
    names = [name.rpartition("::")[2] for name in find_failing_tests(told.splitlines())][:_MOST_NAMES]
    text = _RUNNERS.sub("", _IDLE.sub("", told))
    return " ".join(dict.fromkeys(names)) or _NO_TEST, text[:_MOST]
