"""Read what Surefire or Gradle write of runners that know no listener of ours: TestNG, JUnit 4 by itself.

https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from bot.toolchains.events import Case, Problem, Record
from bot.toolchains.junit import read_junit
from bot.toolchains.results import read_bounded

# A suite has the name of a class, which need not be that of its cases: Surefire 3.2.5 mixes nested ones up.
_SUITE = re.compile(rb"(<testsuite\b[^<>]*?\s)name=\"[^\"]*\"")
# Files of one module that are read: one a class.
_MOST_FILES = 10_000


def read_reports(tree: Path, module: str, folder: str) -> list[Record]:
    """Return the cases of a module's reports. Blocking."""
    place = tree / module / folder
    if place.is_symlink() or not place.is_dir():
        return []
    files = sorted(place.glob("TEST-*.xml"))[:_MOST_FILES]
    return [record for file in files for record in read_report(read_bounded(file) or b"<none/>", module)]


def read_report(text: bytes, module: str) -> list[Record]:
    """Return the cases of one report, as our listener names them.

    Any exception of a test is its failure. A class that could not be set up is a case without a name, or one that is
    named like it. Raises :class:`ToolchainError`.
    """
    return list(_rename(read_junit(_SUITE.sub(rb"\1", text)), module))


def _rename(records: Sequence[Record], module: str) -> Iterator[Record]:
    for record in records:
        if not isinstance(record, Case):
            continue
        case = record.case
        id = f"{module}/{case.id}"
        owner, _, name = case.id.rpartition("::")
        if name in ("", owner):
            yield Problem(id=f"{module}/{owner}", phase="setup", message=case.message)
            continue
        failed = case.verdict == "error" and case.phase == "call"
        told = case.model_copy(update={"id": id, "verdict": "failed" if failed else case.verdict})
        yield record.model_copy(update={"case": told, "key": f"{id} {record.key}"})
