"""Build by automake out of the tree, and run what ``make check`` runs, by automake's parallel test harness.

What is believed: the tests that make itself expands, and what the harness prints of each to a file outside the sandbox;
what tests print goes to their logs. A test that is planned and of which nothing is said is an error.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from bot.sandbox.port import Mount
from bot.toolchains.cpp.build_files import read_build_file
from bot.toolchains.cpp.paths import COMPILED
from bot.toolchains.cpp.programs import require
from bot.toolchains.cpp.system import BUILD, FOLDER
from bot.toolchains.events import MAX_CASES, TEXT, Case, End, Record
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.port import TestCase, ToolchainError, Verdict
from bot.toolchains.rounds import join_results
from bot.toolchains.session import Session
from bot.toolchains.units import Unit, walk_files

_COPY = f"{BUILD}/tree"
_INSTALL = (
    f"mkdir -p {BUILD} && cp -R . {_COPY} && cd {_COPY} && autoreconf -fi && ./configure && {{ make -k || true; }}"
)
# Copies what differs, by content: the copy is then newer than what was built of it.
_SYNC = (
    f'cd {_COPY} && rm -f -- "$@" && cd "$OLDPWD" && find . -type f -exec sh -c \'for one; do cmp -s "$one" '
    f'"{_COPY}/$one" || {{ mkdir -p "{_COPY}/${{one%/*}}" && cp "$one" "{_COPY}/$one"; }}; done\' sh {{}} + '
    f"&& cd {_COPY} && make -k"
)
# Prints a line for each test of each folder that the harness runs in.
_RULE = 'forgehand-tests: ; @for one in $(TESTS); do echo "$(subdir) $$one"; done'
_PLAN = (
    f"cd {_COPY} && grep -l --include=Makefile -r '^TEST_LOGS = ' . | while read -r one; do "
    f"printf '%s\\n' {shlex.quote(_RULE)} | make -s -C \"${{one%/*}}\" -f Makefile -f - forgehand-tests; done"
)
_TOLD = re.compile(r"(PASS|XFAIL|FAIL|XPASS|SKIP|ERROR): (.+)")
_VERDICTS: Mapping[str, Verdict] = {
    "PASS": "passed", "XFAIL": "passed", "FAIL": "failed", "XPASS": "failed", "SKIP": "skipped", "ERROR": "error",
}  # fmt: skip
# The harness names a log by the test, without the ending of a script.
_LOG = 'cat "$1.log" 2>/dev/null || cat "$2.log"'
# Words of a name that are looked at: make parts names at blanks, so they have one.
_WORDS = 20
# Logs of failures that are read.
_LOGS = 50


class Check(NamedTuple):
    """Test of a folder: a program or a script, and the file it stands in."""

    folder: str
    name: str
    file: str

    @property
    def id(self) -> str:
        return f"{self.file}::{self.name}"


@dataclass(frozen=True)
class AutomakeAdapter:
    """Adapter of one project; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = (FOLDER,)

    def require(self) -> None:
        """Require automake, make and a compiler."""
        require("autoreconf", "automake", "make", "cc")

    def mounts(self) -> Sequence[Mount]:
        return ()

    def environment(self) -> Mapping[str, str]:
        return {"CI": "1", "TZ": "UTC", "NO_COLOR": "1", "AM_COLOR_TESTS": "no"}

    def plan_install(self) -> Install:
        """Copy, configure and build.

        What cannot be built is for the tests to tell.
        """
        return Install([[["/bin/sh", "-c", _INSTALL]]])

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Build what changed, then run the tests of the targets, or all."""
        tree = session.workspace.tree / self.unit.root
        gone = await asyncio.to_thread(self._list_gone, tree)
        built = await session.run(["/bin/sh", "-c", _SYNC, "sh", *gone])
        await session.run(["/bin/sh", "-c", _PLAN], report="plan.txt")
        plan = (await asyncio.to_thread(session.read_report, "plan.txt")).decode(errors="replace")
        checks = await asyncio.to_thread(self._read_plan, plan, tree)
        wanted = [check for check in checks if _is_wanted(check, targets)]
        line = render(["make", "check", *([f"TESTS={' '.join(one.name for one in wanted)}"] if targets else [])])
        if not built.ok and wanted:
            # what was linked before would be tested in place of what does not compile now
            return Outcome(line, built, [*read_console("", wanted, built.output), End()])
        results = []
        records: list[Record] = []
        for number, folder in enumerate(dict.fromkeys(check.folder for check in wanted)):
            own = [check for check in wanted if check.folder == folder]
            tests = f"TESTS={' '.join(check.name for check in own)}"
            argv = ["make", "-k", "-C", posixpath.join(_COPY, folder), "check-am", tests]
            results.append(await session.run(argv, report=f"check-{number}.txt"))
            console = await asyncio.to_thread(session.read_report, f"check-{number}.txt")
            records += read_console(console.decode(errors="replace"), own, built.output + results[-1].output)
        explained = await self._explain(session, records, wanted)
        return Outcome(line, join_results(results or [built]), [*explained, End()] if explained else [])

    def _list_gone(self, tree: Path) -> list[str]:
        files = [str(path) for path in walk_files(self.tree / self.unit.root)]
        return [path for path in files if not (tree / path).is_file()]

    def _read_plan(self, plan: str, tree: Path) -> list[Check]:
        pairs = [line.split(" ", 1) for line in plan.splitlines() if " " in line]
        return [Check(folder, name, self._find_file(tree, folder, name)) for folder, name in pairs]

    def _find_file(self, tree: Path, folder: str, name: str) -> str:
        """Return the file of a test: itself, its source, else its build file."""
        key = re.sub(r"\W", "_", name)
        named = re.search(rf"^{key}_SOURCES\s*=\s*(\S+)", read_build_file(tree / folder / "Makefile.am"), re.MULTILINE)
        guesses = [name, *([named[1]] if named else []), *(f"{name}{ending}" for ending in COMPILED), "Makefile.am"]
        there = next((guess for guess in guesses if (tree / folder / guess).is_file()), "Makefile.am")
        return posixpath.normpath(posixpath.join(self.unit.root, folder, there))

    async def _explain(self, session: Session, records: Sequence[Record], checks: Sequence[Check]) -> list[Record]:
        """Add the end of its log to each failure."""
        places = {check.id: posixpath.join(_COPY, check.folder, check.name) for check in checks}
        explained: list[Record] = []
        for number, record in enumerate(records):
            known = isinstance(record, Case) and record.case.verdict == "failed" and number < _LOGS
            place = places.get(record.key) if known and isinstance(record, Case) else None
            if place is not None and isinstance(record, Case):
                argv = ["/bin/sh", "-c", _LOG, "sh", place, posixpath.splitext(place)[0]]
                await session.run(argv, report=f"log-{number}.txt")
                text = (await asyncio.to_thread(session.read_report, f"log-{number}.txt")).decode(errors="replace")
                record = record.model_copy(update={"case": record.case.model_copy(update={"message": text[-TEXT:]})})
            explained.append(record)
        return explained


def read_console(console: str, checks: Sequence[Check], output: str) -> Iterator[Record]:
    """Yield what the harness says of each test; ``output`` is what make said.

    A script by TAP has a case for each of its points. Raises :class:`ToolchainError` for more than any suite has.
    """
    told: dict[Check, list[tuple[Verdict, str]]] = {check: [] for check in checks}
    named = {check.name: check for check in reversed(checks)}
    lines = [found for line in console.splitlines() if (found := _TOLD.fullmatch(line)) is not None]
    if len(lines) > MAX_CASES:
        raise ToolchainError(f"The harness tells of more than {MAX_CASES} tests.")
    for found in lines:
        if (check := _find_check(named, found[2])) is not None:
            told[check].append((_VERDICTS[found[1]], found[2].removeprefix(check.name).strip()))
    message = output[-TEXT:] or "It did not run."
    for check, points in told.items():
        if not points:
            yield Case(case=TestCase(id=check.id, verdict="error", phase="build", message=message))
        for verdict, point in points:
            name = re.sub(r"^\d+(?: - )?", "", point) or point
            yield Case(case=TestCase(id=f"{check.id}::{name}" if name else check.id, verdict=verdict), key=check.id)


def _find_check(named: Mapping[str, Check], said: str) -> Check | None:
    """Return the check of the longest name that a line begins with."""
    words = said.split(" ", _WORDS)[:_WORDS]
    starts = (" ".join(words[:count]) for count in range(len(words), 0, -1))
    return next((named[start] for start in starts if start in named), None)


def _is_wanted(check: Check, targets: Sequence[str]) -> bool:
    names = [target.rstrip("/") for target in targets]
    return not names or any(
        name == check.file or f"{check.file}".startswith(f"{name}/") or f"{name}::".startswith(f"{check.id}::")
        for name in names
    )
