"""Make records of the stream that bats passes to its formatters.

``1..2``, ``begin 1 name``, ``ok 1 name in 5ms # skip reason``, ``not ok 1 name in 5ms``, ``# what was seen``:
https://bats-core.readthedocs.io/en/stable/usage.html. Tests can write to it (descriptor 3): a test's last result counts
only under its own number and name, and the worst of several.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from bot.toolchains.events import TEXT, Case, End, Plan, Problem, Record, Start
from bot.toolchains.port import Phase, TestCase, Verdict

# What bats itself takes for a test (libexec/bats-core/bats-preprocess).
_TEST = re.compile(r"^[ \t]*@test[ \t]++(.*[^ \t])[ \t]+\{", re.MULTILINE)
_FUNCTION = re.compile(
    r"^[ \t]*(?:function[ \t]++)?([^\s()]++)[ \t]*+(?:\(?\)?(?<=[()])[ \t]++|(?<=[ \t]))\{[ \t]++#[ \t]*+@test[ \t]*+$",
    re.MULTILINE,
)
_MAX_BYTES = 1024 * 1024
_BEGIN = re.compile(r"begin (\d{1,9}) (.*)")
_HOOK = re.compile(r"not ok (\d{1,9}) ((?:setup|teardown)_(?:file|suite))(?: failed)?")
# What follows ``ok 1 name in ``.
_ENDING = re.compile(r"(\d{1,9})ms(?: # (skip|timeout after)(?: ?(.*))?)?")
_IN_HOOK = re.compile(r"from function `(setup|teardown)(?:_file|_suite)?' in test file")
# Characters of the stream that are kept for people, from its end.
_LOG = 64_000


def read_names(path: Path) -> list[str] | str:
    """Read the names of a file's tests, else why bats runs none. Blocking.

    Such a file would keep all others from running.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _MAX_BYTES:
        return "The file is not there, or too long."
    text = path.read_text(errors="replace")
    found = sorted([*_TEST.finditer(text), *_FUNCTION.finditer(text)], key=lambda one: one.start())
    names = [re.sub(r"""^["']|["']$""", "", one[1]) for one in found]
    twins = next((name for name, count in Counter(names).items() if count > 1), None)
    return names if twins is None else f"Duplicate test name: `{twins}`."


def _adds(text: str, message: str) -> bool:
    """Return whether a line changes a message: no blank one does.

    Nor does any beyond its length.
    """
    return len(message) < TEXT and not text.isspace() and text != ""


@dataclass
class Report:
    """Reading of one run of files; ``names`` are their tests in order."""

    names: Mapping[str, Sequence[str]]
    log: str = ""
    _begun: dict[int, str] = field(default_factory=dict)
    _cases: dict[int, list[TestCase]] = field(default_factory=dict)
    _hooks: list[tuple[int, str, str]] = field(default_factory=list)
    _planned: int | None = None
    _doubtful: bool = False

    def __post_init__(self) -> None:
        self._files = list(self.names)
        self._ends = list(accumulate(len(names) for names in self.names.values()))

    def read(self, stream: bytes) -> None:
        """Take the lines of the run."""
        text = stream.decode(errors="replace")
        self.log = text[-_LOG:]
        current = 0
        told: int | None = None
        for line in text.split("\n"):
            if self._planned is None:
                plan = re.fullmatch(r"1\.\.(\d{1,9})", line)
                self._planned = int(plan[1]) if plan is not None else -1
            elif begin := _BEGIN.fullmatch(line):
                current, told = self._begin(int(begin[1]), begin[2], current), None
            elif hook := _HOOK.fullmatch(line):
                self._hooks.append((int(hook[1]), hook[2], ""))
                told = -1
            elif current and self._end(line, current):
                told = current
            elif line.startswith("#") and told is not None and not line.startswith("# bats warning"):
                self._explain(line[2:], told)

    def _begin(self, number: int, name: str, current: int) -> int:
        """Return the number of the test that runs now."""
        # bats goes upwards; without a result, the same number again is another try
        if not current <= number <= self._total:
            return current
        if self._begun.get(number, name) != name or number in self._cases:
            self._doubtful = True
            return current
        self._begun[number] = name
        return number

    def _end(self, line: str, number: int) -> bool:
        """Take a result of the running test, which may end a line."""
        told = f"ok {number} {self._begun[number]} in "
        at = line.find(told)
        while at >= 0 and (found := _ENDING.fullmatch(line, at + len(told))) is None:
            at = line.find(told, at + len(told))
        if at < 0 or found is None:
            return False
        late = found[2] == "timeout after"
        verdict: Verdict = "failed" if line[:at].endswith("not ") else "passed"
        if found[2] is not None:
            verdict = "error" if late else "skipped"
        phase: Phase = "timeout" if late else "call"
        message = found[3] if verdict == "skipped" and found[3] else ""
        case = TestCase(
            id=self._name(number), verdict=verdict, phase=phase, message=message, seconds=int(found[1]) / 1000
        )
        self._cases.setdefault(number, []).append(case)
        return True

    def _explain(self, text: str, told: int) -> None:
        """Add what bats says of a failure; a hook's is told as such."""
        if told < 0:
            number, name, message = self._hooks[-1]
            if _adds(text, message):
                self._hooks[-1] = (number, name, f"{message}\n{text}".strip()[:TEXT])
            return
        case = self._cases[told][-1]
        if case.verdict not in ("failed", "error"):
            return
        update: dict[str, object] = {}
        if _adds(text, case.message):
            update["message"] = f"{case.message}\n{text}".strip()[:TEXT]
        if hook := _IN_HOOK.search(text):
            update |= {"verdict": "error", "phase": hook[1]}
        if update:
            self._cases[told][-1] = case.model_copy(update=update)

    @property
    def _total(self) -> int:
        return self._ends[-1] if self._ends else 0

    def _place(self, number: int) -> int:
        """Return which of the files holds a test."""
        return min(bisect_right(self._ends, max(number - 1, 0)), len(self._files) - 1)

    def _file(self, number: int) -> str:
        return self._files[self._place(number)]

    def _name(self, number: int) -> str:
        place = self._place(number)
        file = self._files[place]
        first = self._ends[place] - len(self.names[file])
        return f"{file}::{self._begun.get(number) or self.names[file][number - first - 1]}"

    def list_records(self, broken: Mapping[str, str]) -> Iterator[Record]:
        """Yield what began and ended, what hooks kept away, and the end.

        It has none where bats counts other tests than the files hold.
        """
        for file, message in broken.items():
            yield Problem(id=file, phase="collect", message=message)
        kept: dict[str, tuple[Phase, str]] = {}
        for number, name, message in self._hooks:
            if name == "setup_file":
                kept[self._file(number)] = ("setup" if _IN_HOOK.search(message) else "collect", message)
            elif self._files:
                phase: Phase = "setup" if name.startswith("setup") else "teardown"
                yield Problem(id=f"{self._file(max(number - 1, 1))}::{name}", phase=phase, message=message)
        for number in range(1, self._total + 1):
            id = self._name(number)
            yield Start(id=id, key=str(number)) if number in self._begun else Plan(id=id, key=str(number))
            for case in self._cases.get(number, ()):
                yield Case(case=case, key=str(number))
            if number not in self._begun and self._file(number) in kept:
                phase, message = kept[self._file(number)]
                yield Case(case=TestCase(id=id, verdict="error", phase=phase, message=message), key=str(number))
        yield End(cut_short=self._doubtful or (self._total > 0 and self._planned != self._total))
