"""Know the cases of a JUnit file that are no tests: hooks that failed, and programs that could not be started."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from bot.toolchains.port import Phase

UNNAMED = "(unnamed)"
_ARROW = " > "
# unittest's stand-in for what a fixture of a class or module raised: no method can be named so.
_FIXTURE = re.compile(r"(setUp|tearDown)(?:Class|Module) \([\w.]+\)")
_MOCHA = "Mocha Tests"  # mocha's own reporter and mocha-junit-reporter, unless told another name
_MOCHA_HOOK = re.compile(r'"(before|after) (?:all|each)" hook\b')
# By whether a test of the group ran; None where it has none, as a file that cannot be loaded.
_PHASES: dict[bool | None, Phase] = {None: "collect", False: "setup", True: "teardown"}


def find_problems(root: ElementTree.Element) -> dict[ElementTree.Element, Phase]:
    """Return the cases that tell of no test's own failure, and of what.

    A runner is known by what it alone writes: bun, vitest and mocha by the name of all, CTest by ``notrun`` in a case
    that is its own class, unittest by names of fixtures.
    """
    found: dict[ElementTree.Element, Phase] = {}
    mocha = is_of_mocha(root)
    for case in root.iter("testcase"):
        if mocha and (hook := _find_mocha_hook(case)):
            found[case] = hook
        elif fixture := name_fixture(case):
            found[case] = "setup" if fixture.startswith("setUp") else "teardown"
        elif _is_unrun(case):
            found[case] = "setup"
    name = root.get("name")
    for suite in root.iter("testsuite") if name in ("bun test", "vitest tests") else ():
        found |= _find_bun(suite) if name == "bun test" else _find_vitest(suite)
    return found


def is_of_mocha(root: ElementTree.Element) -> bool:
    """Return whether mocha wrote a report."""
    return root.get("name") == _MOCHA


def _find_mocha_hook(case: ElementTree.Element) -> Phase | None:
    # mocha-junit-reporter has the groups before it in the name, not in the class
    hook = next(filter(None, (_MOCHA_HOOK.match(case.get(one) or "") for one in ("name", "classname"))), None)
    if hook is None or case.find("failure") is None:
        return None
    return "setup" if hook[1] == "before" else "teardown"


def name_fixture(case: ElementTree.Element) -> str:
    """Return the fixture of unittest's that a case says failed, "" if none.

    Its file would be that of another test: unittest-xml-reporting writes the one before it.
    """
    # unittest-xml-reporting 2 and nose2 part the name at its last point
    name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
    failed = case.find("error") is not None or case.find("failure") is not None
    return name if failed and _FIXTURE.fullmatch(name) else ""


def _is_unrun(case: ElementTree.Element) -> bool:
    """Return whether CTest could not run a test; one that skips itself ran."""
    skipped = case.find("skipped")
    if skipped is None or case.get("status") != "notrun" or case.get("classname") != case.get("name"):
        return False
    return not (skipped.get("message") or "SKIP_").startswith("SKIP_")


def _find_bun(suite: ElementTree.Element) -> dict[ElementTree.Element, Phase]:
    """Return the cases of hooks: they have no name and, unlike tests, no line."""
    cases = suite.findall("testcase")
    hooks = {case for case in cases if case.get("name") == UNNAMED and case.get("line") is None}
    # Where a hook before the tests fails, bun drops them.
    tested = any(case not in hooks for case in suite.iter("testcase")) if hooks else False
    return dict.fromkeys(hooks, "teardown" if tested else "setup")


def _find_vitest(suite: ElementTree.Element) -> dict[ElementTree.Element, Phase]:
    """Return the cases of groups whose hooks failed, and of a file that did.

    They stand behind all tests of their file and are named as the group alone is, while the names of tests begin with
    all their groups.
    """
    cases = suite.findall("testcase")
    file = suite.get("name", "")
    groups: dict[str, bool] = {}  # whether a test of theirs ran
    for case in cases:
        name = case.get("name", "")
        ran = case.find("skipped") is None
        for group in (file, *name.split(_ARROW)[:-1]) if name != file else ():
            groups[group] = groups.get(group, False) or ran
    found: dict[ElementTree.Element, Phase] = {}
    for case in reversed(cases):
        name = case.get("name", "")
        if case.find("failure") is None or (name != file and name not in groups):
            break
        found[case] = _PHASES[groups.get(name)]
    return found
