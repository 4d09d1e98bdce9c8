"""JUnit XML and TAP, as foreign runners write them, to test cases."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.parsers import expat

from bot.toolchains.port import TestCase, ToolchainError, Verdict
from bot.toolchains.results import merge

MAX_CASES = 200_000
_TEXT = 4000
_TAP = re.compile(r"^(not )?ok\b(?:\s+(\d+))?(?:\s*-)?\s*+([^#]*+)(?:#\s*(\w+)\b\s*(.*))?$", re.IGNORECASE)


def parse_junit(text: bytes) -> tuple[TestCase, ...]:
    """Cases of a JUnit XML file. Raises :class:`ToolchainError` where it is no XML or declares a document type."""
    _refuse_declarations(text)
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError as error:
        raise ToolchainError(f"The JUnit file is not XML: {error}.") from None
    cases = []
    for element in root.iter("testcase"):
        cases.append(_junit_case(element))
        if len(cases) > MAX_CASES:
            raise ToolchainError(f"The JUnit file holds more than {MAX_CASES} test cases.")
    return merge(cases)


def _refuse_declarations(text: bytes) -> None:
    def refuse(*_: object) -> None:
        raise ToolchainError("The JUnit file declares a document type; such files are not read.")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise ToolchainError(f"The JUnit file is not XML: {error}.") from None


def _junit_case(element: ElementTree.Element) -> TestCase:
    name, group = element.get("name", ""), element.get("file") or element.get("classname") or ""
    verdict: Verdict = "passed"
    message = ""
    for tag, value in (("skipped", "skipped"), ("failure", "failed"), ("error", "error")):
        if (child := element.find(tag)) is not None:
            verdict = value  # type: ignore[assignment]
            message = "\n".join(part for part in (child.get("message"), child.text) if part)[-_TEXT:]
    return TestCase(
        id=f"{group}::{name}" if group else name,
        verdict=verdict,
        phase="setup" if verdict == "error" else "call",
        message=message,
        seconds=_number(element.get("time")),
    )


def _number(text: str | None) -> float:
    try:
        return max(float((text or "0").replace(",", "")), 0.0)
    except ValueError:
        return 0.0


def parse_tap(text: str) -> tuple[tuple[TestCase, ...], bool]:
    """Cases of a TAP stream's top level, and whether its plan was met."""
    cases: list[TestCase] = []
    planned: int | None = None
    for line in text.splitlines():
        if plan := re.match(r"1\.\.(\d+)\b", line):
            planned = int(plan[1])
        elif found := _TAP.match(line):
            cases.append(_tap_case(found, len(cases) + 1))
        elif line.startswith("Bail out!"):
            return merge(cases), False
        elif cases and line.startswith((" ", "#")) and cases[-1].verdict == "failed":
            message = f"{cases[-1].message}\n{line}"[-_TEXT:].strip("\n")
            cases[-1] = cases[-1].model_copy(update={"message": message})
    return merge(cases), planned is not None and planned == len(cases)


def _tap_case(found: re.Match[str], number: int) -> TestCase:
    failed, given, name, directive, reason = found.groups()
    verdict: Verdict = "failed" if failed else "passed"
    if (directive or "").upper() in ("SKIP", "SKIPPED", "TODO"):
        verdict = "skipped"
    return TestCase(
        id=name.strip() or f"test {given or number}", verdict=verdict, message=(reason or "") if failed else ""
    )
