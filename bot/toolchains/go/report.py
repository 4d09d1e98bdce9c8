"""Make records of what ``go test -json`` says.

https://pkg.go.dev/cmd/test2json
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.toolchains.events import TEXT, Case, End, Plan, Problem, Record, Start
from bot.toolchains.go.packages import Package
from bot.toolchains.port import Phase, TestCase, Verdict

_ENDS: Mapping[str, Verdict] = {"pass": "passed", "fail": "failed", "skip": "skipped"}
_UNBUILT = re.compile(r"^FAIL\t(\S+) \[(?:build|setup) failed\]", re.MULTILINE)
# Characters of all output that are kept, from its end.
_LOG = 64_000
_PANIC = re.compile(r"^(?:panic|fatal error): ", re.MULTILINE)
_TIMEOUT = "panic: test timed out after"
# What frames a test's own output says nothing.
_FRAME = re.compile(r"^\s*(?:=== (?:RUN|PAUSE|CONT|NAME)|--- (?:PASS|FAIL|SKIP):).*\n?", re.MULTILINE)

# Import path of a package, name of a test in it ("" for the package itself).
Key = tuple[str, str]


@dataclass
class Report:
    """Record of what was told of the wanted functions, by one run or several.

    ``log`` is what people would have seen.
    """

    packages: Mapping[str, Package]
    wanted: frozenset[Key]
    log: str = ""
    _records: list[Record] = field(default_factory=list)
    _texts: dict[Key, str] = field(default_factory=lambda: defaultdict(str))
    _begun: set[Key] = field(default_factory=set)
    _running: dict[Key, None] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)
    _unbuilt: set[str] = field(default_factory=set)

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
            output = event.get("Output", "")
            self._unbuilt |= {path} if _UNBUILT.match(output) else set()
            self._texts[key] = (self._texts[key] + output)[-TEXT:]
            self.log = (self.log + output)[-_LOG:]
        elif test and action == "run":
            self._begun.add(key)
            self._running[key] = None
            self._records.append(Start(id=self._name(key)))
        elif test and action in _ENDS:
            self._end_test(key, _ENDS[action], event.get("Elapsed", ""))
        elif action in _ENDS:
            self._end_package(package, action)

    def _end_test(self, key: Key, verdict: Verdict, seconds: str) -> None:
        self._running.pop(key, None)
        text = "" if verdict == "passed" else _FRAME.sub("", self._texts[key]).strip()
        if verdict == "failed" and not text:
            text = self._name_failed_subtests(key)
        phase: Phase = "call"
        if verdict == "failed":
            self._failed.add(key[0])
        if verdict == "failed" and _TIMEOUT in text:
            verdict, phase = "error", "timeout"
        elapsed = float(seconds) if re.fullmatch(r"\d+(\.\d+)?", seconds) else 0.0
        case = TestCase(id=self._name(key), verdict=verdict, phase=phase, message=text, seconds=elapsed)
        self._records.append(Case(case=case))

    def _name_failed_subtests(self, key: Key) -> str:
        """Say why a test failed that says nothing itself."""
        failed = [one.case.id for one in self._records if isinstance(one, Case) and one.case.verdict == "failed"]
        inner = [id.rpartition("::")[2] for id in failed if id.startswith(f"{self._name(key)}/")]
        return f"failed in it: {', '.join(inner)}" if inner else ""

    def _end_package(self, package: Package, action: str) -> None:
        self._ended.add(package.path)
        for key in [key for key in self._running if key[0] == package.path and self._has_panicked(key)]:
            self._end_test(key, "failed", "")
        quiet = package.path not in self._failed | self._unbuilt
        if action == "fail" and quiet and not any(path == package.path for path, _ in self._begun):
            text = self._texts[package.path, ""]
            self._records.append(Problem(id=package.folder, phase="setup", message=text))

    def _has_panicked(self, key: Key) -> bool:
        """Return whether a test, or one in it, ended the process by a panic."""
        inside = (
            text for (path, test), text in self._texts.items() if path == key[0] and f"{test}/".startswith(f"{key[1]}/")
        )
        return any(_PANIC.search(text) for text in inside)

    def list_unreached(self) -> list[Key]:
        """Return what did not begin in packages that were built."""
        return [key for key in sorted(self._list_planned() - self._begun) if key[0] in self._ended - self._unbuilt]

    def list_records(self) -> Iterator[Record]:
        """Yield the plan, what was told, and what could not be built."""
        for path, name in sorted(self._list_planned()):
            yield Plan(id=self._name((path, name)))
        yield from self._records
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


def write_filter(names: Sequence[str]) -> str:
    """Write the value of ``-run`` for whole functions."""
    return f"^({'|'.join(dict.fromkeys(names))})$"
