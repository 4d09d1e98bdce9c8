"""Put together what the processes of one or several runs told, and say which tests they did not reach."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.sandbox.port import CommandResult
from bot.toolchains.events import TEXT, Case, End, Plan, Problem, Record, Start
from bot.toolchains.jvm.paths import is_test_file
from bot.toolchains.jvm.sources import Sources, TestFile
from bot.toolchains.port import TestCase

_ERROR = re.compile(r"^\[ERROR\] .*$", re.MULTILINE)


@dataclass
class Report:
    """Report of a test run.

    ``wanted`` are the files that were asked for; ``chosen`` says that they were named to the runner, one by one.
    ``unplanned`` says that some of what was told came from Surefire's own report, which has no plan. ``errors`` is
    what Maven said last.
    """

    sources: Sources
    wanted: Sequence[TestFile]
    chosen: bool
    unplanned: bool = False
    errors: str = ""
    _records: list[Record] = field(default_factory=list)
    _planned: dict[str, None] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)
    _files: dict[str, bool] = field(default_factory=dict)
    _stopped: bool = False
    _broken: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._paths = frozenset(file.path for file in self.wanted)

    def add(self, records: Sequence[Record], result: CommandResult) -> None:
        """Take what one run told, and how it ended."""
        for record in records:
            self._take(record)
        self._stopped = result.ended != "exit"
        self.errors = "\n".join(_ERROR.findall(result.output))[:TEXT] or result.output[-TEXT:]

    def _take(self, record: Record) -> None:
        match record:
            case Plan(file=file) if file:
                path = self.sources.name(file)
                if not self._is_wanted(path):
                    return
                self._files[path] = False
                record = record.model_copy(update={"file": path})
            case Plan(id=told):
                id = self.sources.name(told)
                self._planned[id] = None
                record = record.model_copy(update={"id": id})
            case Start(id=told):
                id = self.sources.name(told)
                self._begun.add(id)
                record = record.model_copy(update={"id": id})
            case Case(case=case):
                id = self.sources.name(case.id)
                self._told.add(id)
                record = record.model_copy(update={"case": self._judge(case.model_copy(update={"id": id}))})
            case Problem(id=told):
                record = record.model_copy(update={"id": self.sources.name(told)})
                if record.phase == "setup" and self._take_broken(record, told.rpartition("/")[2]):
                    return
            case End(file=file) if file:
                path = self.sources.name(file)
                self._files[path] = True
                record = record.model_copy(update={"file": path})
            case _:
                return
        self._records.append(record)

    def _is_wanted(self, path: str) -> bool:
        """Return whether a file was asked for; Gradle looks into others."""
        return not self.chosen or path.partition("::")[0] in self._paths

    def _judge(self, case: TestCase) -> TestCase:
        """Return a failure of a hook as an error."""
        phase = self.sources.find_phase(case.message) if case.verdict == "failed" else "call"
        return case if phase == "call" else case.model_copy(update={"verdict": "error", "phase": phase})

    def _take_broken(self, problem: Problem, owner: str) -> bool:
        """Take an error of each test of a class that could not be set up.

        It is reported once; False where the class has none.
        """
        if (problem.id, owner) in self._broken:
            return True
        path, _, nested = problem.id.partition("::")
        broken = [f"{path}::{test}" for test in self.sources.list_tests(path, nested, owner)]
        for id in broken:
            told = TestCase(id=id, verdict="error", phase="setup", message=problem.message)
            self._records.append(Case(case=told))
        self._told.update(broken)
        self._broken |= {(problem.id, owner)} if broken else set()
        return bool(broken)

    def list_unreached(self) -> list[str]:
        """Return how Surefire is asked for what has not begun.

        That is all of modules that told nothing while others did, and what a file that ended its process kept from
        running.
        """
        if not self._records:
            return []
        wanted = [name for file in self._list_silent() for name in file.classes]
        known = _group(self._begun | self._told)
        planned = _group(self._planned)
        opened = _group(self._begun - self._told)
        for file in self.wanted:
            rest = planned[file.path] - known[file.path]
            if self._files.get(file.path, True) or not rest:
                wanted += file.classes if rest and len(rest) == len(planned[file.path]) else []
            elif opened[file.path]:
                begun = {test.partition("[")[0] for test in known[file.path]}
                wanted += [asked for test, asked in file.list_selections().items() if test not in begun]
        return list(dict.fromkeys(wanted))

    def _list_silent(self) -> list[TestFile]:
        """Return the files of modules that told nothing at all."""
        paths = {id.partition("::")[0] for id in [*self._planned, *self._told]} | set(self._files)
        heard = {self.sources.files[path].module for path in paths if path in self.sources.files}
        return [file for file in self.wanted if file.module not in heard]

    def list_records(self, *, failed: bool) -> list[Record]:
        """Return all records; ``failed``: the command said so.

        A module that told nothing while the command failed could not be built.
        """
        silent = self._list_silent() if failed and not self._stopped else []
        known = {id.partition("::")[0] for id in self._told | self._begun if "::" in id}
        passed_over = known | {file.path for file in silent}
        missed = [file for file in self.wanted if file.path not in passed_over]
        # a class that ended its process has no report, while others may have failed
        lost = [file for file in missed if file.tests and is_test_file(file.path)]
        absent = [file for file in missed if self.chosen and file.path not in self._files]
        return [
            *self._records,
            *(record for file in silent for record in self._tell_unbuilt(file)),
            *(Problem(id=file.path, phase="collect", message="No test of it ran.") for file in absent),
            *(Plan(file=file.path) for file in lost if self.unplanned and failed),
            *([] if self._stopped else [End()]),
        ]

    def _tell_unbuilt(self, file: TestFile) -> Iterator[Record]:
        for test in file.tests:
            id = f"{file.path}::{test}"
            yield Case(case=TestCase(id=id, verdict="error", phase="build", message=self.errors))
        if not file.tests:
            yield Problem(id=file.path, phase="build", message=self.errors)


def _group(ids: Iterable[str]) -> Mapping[str, set[str]]:
    """Return the tests of each file."""
    found: dict[str, set[str]] = defaultdict(set)
    for id in ids:
        path, joint, test = id.partition("::")
        if joint:
            found[path].add(test)
    return found
