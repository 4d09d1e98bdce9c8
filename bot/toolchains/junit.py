"""Read JUnit XML as foreign runners write it.

The format has no standard, and its dialects differ: https://github.com/testmoapp/junitxml.
"""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal
from xml.etree import ElementTree
from xml.parsers import expat

from bot.toolchains.events import MAX_CASES, TEXT, Case, End, Names, Problem, Record
from bot.toolchains.junit_problems import UNNAMED, find_problems, name_fixture
from bot.toolchains.port import TestCase, ToolchainError, Verdict

# Elements, and suites in suites, of a report that somebody could mean.
_MAX_ELEMENTS = 4 * MAX_CASES
_DEEPEST = 200
# unittest-xml-reporting names a suite ``tests.test_x.A-20261129152159``
_TIMESTAMP = re.compile(r"-\d{14}$")
# names of suites and classes without meaning: node names every class "test", pytest its only suite "pytest"
_EMPTY = {"", "pytest", "test", "undefined"}
# unittest-xml-reporting names a subtest while it fails or skips, and its test only where none does:
# ``test_a (i=1)``, ``test_a [message]``, ``test_a (<subtest>)``
_SUBTEST = re.compile(r"(test\w*) (?:\[.*\](?: \(.*\))?|\((?:<subtest>|\w+=.*)\))", re.DOTALL)


_SKIPPED = {"notrun", "disabled", "skipped", "suppressed", "ignored"}
_FAILED = {"fail", "failed", "failure", "error", "errored"}
# where an error came from, as pytest says, and as the first telling frame has it
_PLACE = re.compile(
    r"^failed on (setup|teardown) with"
    r"|, in (?:async)?(setUp|tearDown|test\w*)(?:Class|Module)?$",
    re.IGNORECASE | re.MULTILINE,
)
_PHASES: dict[str, Literal["setup", "teardown"]] = {"setup": "setup", "teardown": "teardown"}
# unittest's stand-ins for modules that it cannot load, or that skip themselves
_LOADER = re.compile(r"unittest\.loader\.(?:_FailedTest|ModuleSkipped)(?:\.|$)")
# what XML cannot hold: control characters, as themselves or by number
_CONTROL = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:\d|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", re.I
)


class _NotXML(ToolchainError):
    """Failure to parse a report."""


def read_junit(
    text: bytes, roots: Iterable[str] = (), *, succeeded: bool = False, strict: bool = False
) -> list[Record]:
    """Read the records of a JUnit XML file.

    ``roots`` are where the repository lies, as absolute paths. ``succeeded``: the runner said that all is well, so a
    test that failed and is reported again as passed ran again. ``strict``: a test that is skipped and failed has
    failed, except one that is to do. Raises :class:`ToolchainError` where it is not XML, declares a document type, or
    is larger or deeper than a report can be.
    """
    root = read_xml(text)
    apart = find_problems(root)
    starts = tuple(f"{one.rstrip('/')}/" for one in roots)
    cases: list[TestCase] = []
    others: list[Record] = []
    names = Names()
    for suites, file, element in _elements(root, starts):
        path = _relative(file, starts)
        name = element.get("name", "").strip()
        if unloaded := _find_unloaded(element):
            cases.append(_case([unloaded], element).model_copy(update={"phase": "collect"}))
            continue
        # only a name that ends so is one, and the pattern would try each bracket of another
        subtest = _SUBTEST.fullmatch(name) if path.endswith(".py") and name.endswith(("]", ")")) else None
        groups = _groups(suites, element, path, starts)
        case = _case([*groups, subtest[1] if subtest else name], element, strict=strict)
        names.add(case.id)
        if phase := apart.get(element):
            place = "::".join([*groups, *([name] if name not in (UNNAMED, *groups) else ())])
            others.append(Problem(id=name_fixture(element) or place or UNNAMED, phase=phase, message=case.message))
        elif subtest:
            others.append(Case(case=case, key="subtests"))
        # Node writes a case for each file without tests: it passes, and its name is the file's.
        elif case.verdict != "passed" or not (name.startswith(starts) or (path and _relative(name, starts) == path)):
            cases.append(case)
    kept = _drop_reruns(cases) if succeeded else cases
    return [*(Case(case=case, key=str(number)) for number, case in enumerate(kept)), *others, End()]


def _drop_reruns(cases: Sequence[TestCase]) -> list[TestCase]:
    """Drop the failures of tests that passed when they ran again."""
    # gotestsum and Gradle report every attempt as a case of the same name.
    passed = {case.id for case in cases if case.verdict == "passed"}
    return [case for case in cases if case.verdict not in ("failed", "error") or case.id not in passed]


def read_xml(text: bytes) -> ElementTree.Element:
    """Read XML, without the bytes of a test's output that XML cannot hold.

    Raises :class:`ToolchainError` as :func:`read_junit` does.
    """
    try:
        _refuse_declarations(text)
    except _NotXML:
        text = _CONTROL.sub(b"?", text.decode("utf-8", "replace").encode())
        _refuse_declarations(text)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError as error:  # a prefix without its namespace
        raise _NotXML(f"The JUnit file is not XML: {error}.") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # a namespace says nothing
    return root


def _refuse_declarations(text: bytes) -> None:
    """Refuse what is not XML, is huge, or has a document type.

    That may define entities.
    """
    depth = 0
    count = 0

    def refuse(*_: object) -> None:
        raise ToolchainError("The JUnit file declares a document type; such files are not read.")

    def begin(*_: object) -> None:
        nonlocal depth, count
        depth += 1
        count += 1
        if depth > _DEEPEST or count > _MAX_ELEMENTS:
            raise ToolchainError(f"The JUnit file holds more than {MAX_CASES} test cases, or nests without end.")

    def finish(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    parser.EndElementHandler = finish
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # the last two: an encoding that nobody knows
        raise _NotXML(f"The JUnit file is not XML: {error}.") from None


def _elements(
    root: ElementTree.Element, roots: tuple[str, ...]
) -> Iterator[tuple[Sequence[str], str, ElementTree.Element]]:
    """Yield every ``testcase`` in file order.

    Before it stand the names of the suites around it, and its file.
    """
    stack: list[tuple[Sequence[str], str, ElementTree.Element]] = [((), "", root)]
    while stack:
        suites, file, element = stack.pop()
        # The case or its nearest suite names the file.
        if element.tag in ("testcase", "testsuite"):
            file = element.get("file") or file
        if element.tag == "testcase":
            yield suites, file, element
            continue
        inner = (*suites, _name_suite(element, roots)) if element.tag == "testsuite" else suites
        stack += [(inner, file, child) for child in reversed(element)]


def _name_suite(suite: ElementTree.Element, roots: tuple[str, ...]) -> str:
    name = _TIMESTAMP.sub("", suite.get("name") or "")
    return _relative(name, roots) if name.startswith(roots) else name


def _case(parts: Iterable[str], element: ElementTree.Element, *, strict: bool = False) -> TestCase:
    verdict, message = _verdict(element, strict=strict)
    # any exception but an assertion's is an ``error`` for most runners, wherever it was raised
    fixture = _PLACE.search(message) if verdict == "error" else None
    return TestCase(
        id="::".join(parts),
        verdict=verdict,
        phase=_PHASES.get((fixture[1] or fixture[2] or "").lower(), "call") if fixture else "call",
        message=message,
        seconds=_number(element.get("time")),
    )


def _find_unloaded(element: ElementTree.Element) -> str:
    """Return a file not loaded or skipped by itself, "" for other cases."""
    # unittest's loader and pytest name it as a module, and write a case of it.
    owner = element.get("classname") or ""
    name = element.get("name", "").strip()
    error = element.find("error")
    loader = _LOADER.match(owner)
    if loader is None and (error is None or error.get("message") != "collection failure"):
        return ""
    dotted = ".".join(part for part in (owner[loader.end() :] if loader else owner, name) if part)
    return f"{dotted.replace('.', '/')}.py"


def _relative(path: str, roots: tuple[str, ...]) -> str:
    root = next((root for root in roots if path.startswith(root)), "")
    return posixpath.normpath(path.removeprefix(root)) if path else ""


def _groups(suites: Sequence[str], element: ElementTree.Element, path: str, roots: tuple[str, ...]) -> list[str]:
    """Return file, suites and class, each only where it adds something."""
    owner = _relative(element.get("classname") or "", roots)
    module = posixpath.splitext(path)[0].replace("/", ".")
    classes = owner.removeprefix(f"{module}.") if path else owner
    redundant = {*_EMPTY, path, module}
    # unittest-xml-reporting puts skipped subtests and broken fixtures into suites of unittest's own
    found = [*(name for name in suites if not owner.startswith(name) and not name.startswith("unittest.")), classes]
    return [*([path] if path else []), *(one for one in found if one not in redundant)]


def _verdict(element: ElementTree.Element, *, strict: bool) -> tuple[Verdict, str]:
    """Return verdict and message.

    Skipped and failed is an announced failure. Of node it may also be one that counts (a test that skips itself goes
    on), which only the exit code tells; one that is to do never counts.
    """
    found = {tag: child for tag in ("skipped", "failure", "error") if (child := element.find(tag)) is not None}
    # a few runners tell only by an attribute
    said = {(element.get(name) or "").lower() for name in ("status", "result")}
    verdict: Verdict = "passed"
    doubtful = found.keys() >= {"skipped", "failure"} and found["skipped"].get("type") != "todo"
    if "error" in found:
        verdict = "error"
    elif strict and doubtful:
        verdict = "failed"
    elif "skipped" in found or said & _SKIPPED:
        verdict = "skipped"
    elif found or said & _FAILED:
        verdict = "failed"
    parts = [part for child in found.values() for part in (child.get("message"), child.text) if part]
    return verdict, "\n".join(parts)[-TEXT:]


def _number(text: str | None) -> float:
    try:
        seconds = float((text or "0").replace(",", ""))
    except ValueError:
        return 0.0
    return max(seconds, 0.0) if math.isfinite(seconds) else 0.0
