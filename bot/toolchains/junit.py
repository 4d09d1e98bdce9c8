"""Read JUnit XML as foreign runners write it.

The format has no standard, and its dialects differ: https://github.com/testmoapp/junitxml.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree
from xml.parsers import expat

from bot.toolchains.port import TestCase, ToolchainError, Verdict
from bot.toolchains.results import TEXT, keep_worst, number_ids

MAX_CASES = 200_000
# unittest-xml-reporting names a suite ``tests.test_x.A-20261129152159``
_TIMESTAMP = re.compile(r"-\d{14}$")
# names of suites and classes without meaning: node names every class "test", pytest its only suite "pytest"
_EMPTY = {"", "pytest", "test", "undefined"}
# unittest-xml-reporting names a subtest while it fails or skips, and its test only where none does:
# ``test_a (i=1)``, ``test_a [message]``, ``test_a (<subtest>)``
_SUBTEST = re.compile(r"(test\w*) (?:\[.*\](?: \(.*\))?|\((?:<subtest>|\w+=.*)\))", re.DOTALL)


def parse_junit(text: bytes, roots: Iterable[str] = ()) -> tuple[TestCase, ...]:
    """Parse the cases of a JUnit XML file.

    ``roots`` are where the repository lies, as absolute paths. Raises :class:`ToolchainError` where it is not XML or
    declares a document type.
    """
    _refuse_declarations(text)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError as error:
        raise ToolchainError(f"The JUnit file is not XML: {error}.") from None
    starts = tuple(f"{one.rstrip('/')}/" for one in roots)
    cases: list[TestCase] = []
    subtests: dict[str, list[TestCase]] = {}
    for count, (suites, element) in enumerate(_elements(root)):
        if count == MAX_CASES:
            raise ToolchainError(f"The JUnit file holds more than {MAX_CASES} test cases.")
        path = _relative(_file(suites, element), starts)
        name = element.get("name", "").strip()
        subtest = _SUBTEST.fullmatch(name) if path.endswith(".py") else None
        case = _case([*_groups(suites, element, path, starts), subtest[1] if subtest else name], element)
        if subtest:
            subtests.setdefault(case.id, []).append(case)
        elif case.verdict != "passed" or not _names_a_file(name, path, starts):
            cases.append(case)
    return number_ids([*cases, *keep_worst(subtests)])


def _refuse_declarations(text: bytes) -> None:
    """Raise ToolchainError for a document type, which could define entities."""

    def refuse(*_: object) -> None:
        raise ToolchainError("The JUnit file declares a document type; such files are not read.")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ToolchainError(f"The JUnit file is not XML: {error}.") from None


_Suites = tuple[ElementTree.Element, ...]


def _elements(root: ElementTree.Element) -> Iterator[tuple[_Suites, ElementTree.Element]]:
    """Yield every ``testcase`` with the suites around it, in file order."""
    stack: list[tuple[_Suites, ElementTree.Element]] = [((), root)]
    while stack:
        suites, element = stack.pop()
        if element.tag == "testcase":
            yield suites, element
            continue
        inner = (*suites, element) if element.tag == "testsuite" else suites
        stack += [(inner, child) for child in reversed(element)]


def _case(parts: Iterable[str], element: ElementTree.Element) -> TestCase:
    verdict, message = _verdict(element)
    return TestCase(
        id="::".join(parts),
        verdict=verdict,
        phase="setup" if verdict == "error" else "call",
        message=message,
        seconds=_number(element.get("time")),
    )


def _names_a_file(name: str, path: str, roots: tuple[str, ...]) -> bool:
    """Return whether a case stands for a whole file.

    Node writes such a case for a file without tests.
    """
    return name.startswith(roots) or (bool(path) and _relative(name, roots) == path)


def _file(suites: _Suites, element: ElementTree.Element) -> str:
    """Return the file as the case or its nearest suite names it, or ""."""
    return next((file for one in (element, *reversed(suites)) if (file := one.get("file"))), "")


def _relative(path: str, roots: tuple[str, ...]) -> str:
    root = next((root for root in roots if path.startswith(root)), "")
    return posixpath.normpath(path.removeprefix(root)) if path else ""


def _groups(suites: _Suites, element: ElementTree.Element, path: str, roots: tuple[str, ...]) -> list[str]:
    """Return file, suites and class, each only where it adds something."""
    owner = _relative(element.get("classname") or "", roots)
    module = posixpath.splitext(path)[0].replace("/", ".")
    classes = owner.removeprefix(f"{module}.") if path else owner
    redundant = {*_EMPTY, path, module}
    names = [_TIMESTAMP.sub("", suite.get("name") or "") for suite in suites]
    # unittest-xml-reporting puts skipped subtests and broken fixtures into suites of unittest's own
    found = [*(name for name in names if not owner.startswith(name) and not name.startswith("unittest.")), classes]
    return [*([path] if path else []), *(one for one in found if one not in redundant)]


def _verdict(element: ElementTree.Element) -> tuple[Verdict, str]:
    """Return a case's verdict and message.

    Skipped and failed at once is a failure that was announced: a todo.
    """
    found = {tag: child for tag in ("skipped", "failure", "error") if (child := element.find(tag)) is not None}
    verdict: Verdict = "passed"
    if "error" in found:
        verdict = "error"
    elif "skipped" in found or element.get("status") in ("notrun", "disabled"):
        verdict = "skipped"
    elif found:
        verdict = "failed"
    parts = [part for child in found.values() for part in (child.get("message"), child.text) if part]
    return verdict, "\n".join(parts)[-TEXT:]


def _number(text: str | None) -> float:
    try:
        return max(float((text or "0").replace(",", "")), 0.0)
    except ValueError:
        return 0.0
