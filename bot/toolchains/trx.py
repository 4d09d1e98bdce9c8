"""Read TRX, the report of .NET's runners: ``dotnet test --logger trx``, ``--report-trx``.

Written by published samples; nothing of .NET ran here. https://github.com/microsoft/vstest/blob/main/docs/report.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from bot.toolchains.events import TEXT, Case, End, Names, Plan, Record
from bot.toolchains.junit import read_xml
from bot.toolchains.port import Phase, TestCase, Verdict

_VERDICTS: dict[str, tuple[Verdict, Phase]] = {
    "Passed": ("passed", "call"),
    "Failed": ("failed", "call"),
    "NotExecuted": ("skipped", "call"),
    "Inconclusive": ("skipped", "call"),
    "Timeout": ("error", "timeout"),
}
# An outcome that no verdict is, or none at all: the test began, and its process ended.
_LOST: tuple[Verdict, Phase] = ("error", "crash")
_ABORTED = "The active test run was aborted"
_DURATION = re.compile(r"(\d{1,9}):(\d{1,9}):(\d{1,9}(?:\.\d+)?)")
_COUNT = re.compile(r"[0-9]{1,9}")


def read_trx(text: bytes) -> list[Record]:
    """Return the records of a report.

    Its own count is the plan. Ids are class and name, with the values of parameters. Raises :class:`ToolchainError`
    where it is no XML, declares a document type, or is larger than a report can be.
    """
    root = read_xml(text)
    classes = {one.get("id", ""): _find_class(one) for one in root.iter("UnitTest")}
    total = next((one.get("total", "") for one in root.iter("Counters")), "")
    aborted = any((one.text or "").strip().startswith(_ABORTED) for one in root.iter("Text"))
    return [
        *([Plan(count=int(total))] if _COUNT.fullmatch(total) else []),
        *_read_cases(root, classes),
        *([End(cut_short=aborted)] if total else []),
    ]


def _read_cases(root: ElementTree.Element, classes: dict[str, str]) -> Iterator[Case]:
    names = Names()
    for number, result in enumerate(root.iter("UnitTestResult")):
        owner = classes.get(result.get("testId", ""), "")
        name = result.get("testName", "").removeprefix(f"{owner}.")
        names.add(owner + name)
        verdict, phase = _VERDICTS.get(result.get("outcome", ""), _LOST)
        said = [one.text or "" for info in result.iter("ErrorInfo") for one in info]
        case = TestCase(
            id=f"{owner}::{name}" if owner else name,
            verdict=verdict,
            phase=phase,
            message="\n".join(said)[:TEXT],
            seconds=_read_seconds(result.get("duration", "")),
        )
        yield Case(case=case, key=str(number))


def _find_class(definition: ElementTree.Element) -> str:
    method = definition.find("TestMethod")
    # older runners write the assembly behind it
    return "" if method is None else method.get("className", "").partition(",")[0]


def _read_seconds(duration: str) -> float:
    found = _DURATION.fullmatch(duration)
    return 0.0 if found is None else int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])
