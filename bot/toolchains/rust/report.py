"""Read what libtest tells of its tests: JSON on standard output, and a log.

Tests write to the same output, so a verdict counts where the log, a file of its own, says the same. Both are unstable:
https://github.com/rust-lang/rust/issues/49359
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.toolchains.events import TEXT
from bot.toolchains.port import ToolchainError, Verdict

_VERDICTS: Mapping[str, Verdict] = {"ok": "passed", "failed": "failed", "ignored": "skipped"}
_WORST = ("ignored", "ok", "failed")
# what libtest says beside: a test takes long, how long all of it took
_OTHER = {("test", "timeout"), ("report", "")}
_BEGIN = '{ "type": "'
# advice, and a number that is another one in each run
_NOISE = re.compile(r"^note: run with `RUST_BACKTRACE.*\n?|(?<=') \(\d+\)(?= panicked at )", re.MULTILINE)
_LISTED = re.compile(r"^(\S+): (?:test|benchmark)$", re.MULTILINE)


@dataclass(frozen=True)
class Told:
    """Verdict of one test, as it was told at its end."""

    event: str
    message: str = ""

    @property
    def verdict(self) -> Verdict:
        return _VERDICTS[self.event]


class Log:
    """The log: a line a test, ``ok NAME``, or a reason of several lines."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        self._passed = {line.removeprefix("ok ") for line in lines if line.startswith("ok ")}
        self._others = {line.rpartition(" ")[2] for line in lines if not line.startswith("ok ")}

    def says(self, name: str, event: str) -> bool:
        return name in (self._passed if event == "ok" else self._others)


@dataclass
class Suite:
    """Report of one run by libtest, by the names of its tests.

    ``planned`` is how many it would run. ``began`` and ``ended`` count beginnings and ends of suites: rustdoc runs two,
    one for the examples that it compiles together. With a ``log``, a verdict counts that the log tells too.
    """

    log: Log | None = None
    planned: int = 0
    began: int = 0
    ended: int = 0
    begun: dict[str, None] = field(default_factory=dict)
    results: dict[str, Told] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Return whether all of it was reported."""
        return 0 < self.began == self.ended and len(self.results) == self.planned

    @property
    def opened(self) -> list[str]:
        return [name for name in self.begun if name not in self.results]

    @property
    def failed(self) -> bool:
        return any(told.event == "failed" for told in self.results.values())

    def take(self, kind: str, event: str, told: Mapping[str, object]) -> None:
        """Take one line; raise :class:`ToolchainError` for an unknown one."""
        name, count = told.get("name"), told.get("test_count")
        if (kind, event) == ("suite", "started") and isinstance(count, int):
            self.began += 1
            self.planned += count
        elif kind == "suite" and event in ("ok", "failed"):
            self.ended += 1
        elif (kind, event) == ("test", "started") and isinstance(name, str):
            self.begun[name] = None
        elif kind == "test" and event in _VERDICTS and isinstance(name, str):
            texts = [_NOISE.sub("", str(told[one])).strip() for one in ("stdout", "message") if told.get(one)]
            self._add(name, Told(event, "\n".join(texts)[-TEXT:]))
        elif (kind, event) not in _OTHER:
            raise ToolchainError(f"libtest said `{kind} {event}`"[:200] + ", which Forgehand does not know.")

    def _add(self, name: str, told: Told) -> None:
        if self.log is not None and not self.log.says(name, told.event):
            return
        before = self.results.get(name)
        if before is None or _WORST.index(before.event) < _WORST.index(told.event):
            self.results[name] = told


def read_suite(stream: bytes, log: bytes | None = None) -> Suite:
    """Read what a run wrote to standard output, and to its log."""
    suite = Suite(Log(log.decode(errors="replace")) if log is not None else None)
    for line in stream.decode(errors="replace").split("\n"):
        # what a test wrote without a final newline stands before it; within it, quotes are escaped
        at = line.rfind(_BEGIN)
        try:
            told = json.loads(line[at:]) if at >= 0 else None
        except (ValueError, RecursionError):
            continue
        if told is not None:
            suite.take(str(told.get("type")), str(told.get("event", "")), told)
    return suite


def read_listing(stream: bytes) -> list[str]:
    """Read the names of a program's tests from its ``--list``."""
    return list(dict.fromkeys(_LISTED.findall(stream.decode(errors="replace"))))
