"""Know the exit codes that say that tests failed and nothing else did.

Most runners end with 1 then. Another code counts only where the report shows that it is of a runner that means just
this by it: 8 of CTest, and of mocha as many as failed. Left out are codes with a second meaning: pytest's 2 (with
xdist and ``-x``) is also that of a run that was interrupted, PHPUnit's 2 that of a class that could not be set up,
nextest's 100 that of a run that stopped at its first failure, cargo's 101 that of code that does not compile; and those
whose reports bear no mark of their runner, as meson's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal
from xml.etree import ElementTree

from bot.toolchains.junit_problems import is_of_mocha

_USUAL = 1
_CTEST = 8
_MOST = 255  # mocha's highest
_CTEST_STATES = {"run", "fail", "notrun", "disabled"}
_Runner = Literal["ctest", "mocha", ""]


def list_exits(reports: Iterable[tuple[ElementTree.Element, int]]) -> set[int]:
    """Return the exit codes that reports explain.

    Each comes with how many of its tests failed.
    """
    failed: Counter[_Runner] = Counter()
    for root, number in reports:
        failed[_find_runner(root)] += number
    exits = {0, _USUAL} if failed.total() else {0}
    if failed["ctest"]:
        exits.add(_CTEST)
    if failed["mocha"]:
        exits.add(min(failed["mocha"], _MOST))
    return exits


def _find_runner(root: ElementTree.Element) -> _Runner:
    if is_of_mocha(root):
        return "mocha"
    # in a file of CTest's one suite holds all, and each test is its own class
    of_ctest = root.tag == "testsuite" and all(
        case.get("status") in _CTEST_STATES and case.get("classname") == case.get("name")
        for case in root.iter("testcase")
    )
    return "ctest" if of_ctest else ""
