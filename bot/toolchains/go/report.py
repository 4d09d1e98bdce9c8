"""Make records of what ``go test -json`` says.

https://pkg.go.dev/cmd/test2json
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from bot.toolchains.events import TEXT, Case, End, Plan, Problem, Record, Start
from bot.toolchains.go.packages import Package
from bot.toolchains.port import Phase, TestCase, Verdict

_ENDS: Mapping[str, Verdict] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_UNBUILT = re.compile(r"^FAIL\t(\S+) \[(?:build|setup) failed\]", re.MULTILINE)
# Characters of all output that are shown, from its end.
_LOG = 64_000
# Subtests that are named where a test fails that says nothing itself.
_NAMED = 20
_PANIC = re.compile(r"^(?:panic|fatal error): ", re.MULTILINE)
_PANIC_LENGTH = len("fatal error: ")
_TIMEOUT = "panic: test timed out after"
# What frames a test's own output says nothing.
_FRAME = re.compile(r"^\s*(?:=== (?:RUN|PAUSE|CONT|NAME)|--- (?:PASS|FAIL|SKIP):).*\n?", re.MULTILINE)

# Import path of a package, name of a test in it ("" for the package itself).
Key = tuple[str, str]


@dataclass
class Report:
    """Record of what was told of the wanted functions, by one run or several.

    What a run writes is hostile: nothing here looks through all that came before for a line.
    """

    packages: Mapping[str, Package]
    wanted: frozenset[Key]
    _outputs: list[str] = field(default_factory=list)
    _records: list[Record] = field(default_factory=list)
    _texts: dict[Key, str] = field(default_factory=lambda: defaultdict(str))
    _begun: set[Key] = field(default_factory=set)
    # of the tests that run in a package, and of those that said that they panicked
    _running: dict[str, dict[Key, None]] = field(default_factory=lambda: defaultdict(dict))
    _panicked: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _tested: set[str] = field(default_factory=set)
    _failed: set[Key] = field(default_factory=set)
    _broken: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)
    _unbuilt: set[str] = field(default_factory=set)

    @property
    def log(self) -> str:
        """Return what people would have seen."""
        return "".join(self._outputs)[-_LOG:]

    def add(self, stream: bytes, errors: str) -> None:
        """Take the lines of a run, and what it wrote to standard error."""
        text = stream.decode(errors="replace")
        self._unbuilt |= {path for path in _UNBUILT.findall(text) if path in self.packages}
        for line in text.splitlines():
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                self._take({name: str(value) for name, value in event.items()})
        for path in self._unbuilt:
            self._texts[path, ""] = (self._texts[path, ""] or errors)[-TEXT:]

    def _take(self, event: Mapping[str, str]) -> None:
        action, test = event.get("Action", ""), event.get("Test", "")
        path = event.get("Package") or event.get("ImportPath", "").partition(" ")[0]
        package = self.packages.get(path)
        # before Go 1.20, a test could print the name of another
        if package is None or (test and test.partition("/")[0] not in package.functions):
            return
        key = (path, test)
        if action in ("output", "build-output"):
            self._hear(key, event.get("Output", ""))
        elif test and action == "run":
            self._begun.add(key)
            self._tested.add(path)
            self._running[path][key] = None
            self._records.append(Start(id=self._name(key)))
        elif test and action in _ENDS:
            self._end_test(key, _ENDS[action], event.get("Elapsed", ""))
        elif action in _ENDS:
            self._end_package(package, action)

    def _hear(self, key: Key, output: str) -> None:
        path, test = key
        if _UNBUILT.match(output):
            self._unbuilt.add(path)
        text = self._texts[key] = (self._texts[key] + output)[-TEXT:]
        if _PANIC.search(text, max(0, len(text) - len(output) - _PANIC_LENGTH)):
            self._panicked[path].add(f"{test}/")
        self._outputs.append(output)

    def _end_test(self, key: Key, verdict: Verdict, seconds: str) -> None:
        self._running[key[0]].pop(key, None)
        text = "" if verdict == "passed" else _FRAME.sub("", self._texts[key]).strip()
        phase: Phase = "call"
        if verdict == "failed":
            self._broken.add(key[0])
        if verdict == "failed" and _TIMEOUT in text:
            verdict, phase = "error", "timeout"
        if verdict == "failed":
            self._failed.add(key)
        elapsed = float(seconds) if re.fullmatch(r"\d+(\.\d+)?", seconds) else 0.0
        case = TestCase(id=self._name(key), verdict=verdict, phase=phase, message=text, seconds=elapsed)
        self._records.append(Case(case=case))

    def _end_package(self, package: Package, action: str) -> None:
        self._ended.add(package.path)
        panicked = sorted(self._panicked.pop(package.path, ()))
        for key in self._running.pop(package.path, {}):
            # a test, or one in it, that ended the process
            if next(_list_within(panicked, f"{key[1]}/"), None) is not None:
                self._end_test(key, "failed", "")
        quiet = package.path not in self._broken | self._unbuilt
        if action == "fail" and quiet and package.path not in self._tested:
            text = self._texts[package.path, ""]
            self._records.append(Problem(id=package.folder, phase="setup", message=text))

    def list_unreached(self) -> list[Key]:
        """Return what did not begin in packages that were built."""
        return [key for key in sorted(self._list_planned() - self._begun) if key[0] in self._ended - self._unbuilt]

    def list_records(self) -> Iterator[Record]:
        """Yield the plan, what was told, and what could not be built."""
        for path, name in sorted(self._list_planned()):
            yield Plan(id=self._name((path, name)))
        failed = sorted(self._name(key) for key in self._failed)
        yield from (_name_failed_subtests(one, failed) for one in self._records)
        for path in sorted(self._unbuilt):
            yield from self._tell_unbuilt(self.packages[path])
        known = self._ended | self._unbuilt
        yield End(cut_short=any(path not in known for path, _ in self.wanted))

    def _tell_unbuilt(self, package: Package) -> Iterator[Record]:
        text = self._texts[package.path, ""]
        names = sorted(name for path, name in self._list_planned() if path == package.path)
        for name in names:
            case = TestCase(id=self._name((package.path, name)), verdict="error", phase="build", message=text)
            yield Case(case=case)
        if not names:
            yield Problem(id=package.folder, phase="build", message=text)

    def _list_planned(self) -> set[Key]:
        return {(path, name) for path, name in self.wanted if name in self.packages[path].planned}

    def _name(self, key: Key) -> str:
        """Return a test's id: its file, then the name that Go gives it."""
        path, test = key
        return f"{self.packages[path].functions[test.partition('/')[0]]}::{test}"


def _name_failed_subtests(record: Record, failed: Sequence[str]) -> Record:
    """Say why a test failed that says nothing itself."""
    if not isinstance(record, Case) or record.case.verdict != "failed" or record.case.message:
        return record
    inner = [id.rpartition("::")[2] for id in islice(_list_within(failed, f"{record.case.id}/"), _NAMED)]
    text = f"failed in it: {', '.join(inner)}" if inner else ""
    return Case(case=record.case.model_copy(update={"message": text}))


def _list_within(names: Sequence[str], start: str) -> Iterator[str]:
    """Yield those of the sorted names that start so."""
    # islice would step over all that stand before
    behind = (names[at] for at in range(bisect_left(names, start), len(names)))
    return takewhile(lambda name: name.startswith(start), behind)


def write_filter(names: Sequence[str]) -> str:
    """Write the value of ``-run`` for whole functions."""
    return f"^({'|'.join(dict.fromkeys(names))})$"
