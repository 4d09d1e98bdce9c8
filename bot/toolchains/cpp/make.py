"""Build and test by a plain Makefile: what is believed is TAP that ``make check`` or ``make test`` prints.

Without a plan of tests the exit code alone proves nothing. Makefiles forget what a program depends on, so each run
builds a copy of its own from the beginning.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bot.sandbox.port import Mount
from bot.toolchains.cpp.build_files import read_build_file
from bot.toolchains.cpp.programs import require
from bot.toolchains.cpp.system import BUILD, FOLDER
from bot.toolchains.events import TEXT, Case, End, Problem, Record
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.session import Session
from bot.toolchains.tap import read_tap
from bot.toolchains.units import Unit

MANAGER = "make"
# In the order that GNU make looks for them.
MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_RULE = re.compile(r"^([\w. -]+?) *::?(?!=)", re.MULTILINE)
# What shows that it compiles C or C++: a variable, a compiler, an object file.
_COMPILES = re.compile(r"\$[({](?:CC|CXX|COMPILE\.|LINK\.)|\b(?:gcc|clang|cc|c\+\+)\b|g\+\+|\.o\b")
_COPY = f"{BUILD}/tree"
# A Makefile may build and test what lies beside its folder.
_BUILD = f"cp -R {{up}}/. {_COPY} && cd {{folder}} && if [ -x configure ]; then ./configure; fi && make"
_NO_PLAN = (
    "`{}` prints no plan of tests (TAP), so its exit code alone proves nothing; a policy that counts it says "
    "`checks.test` and `results: exit`."
)


def find_unit(tree: Path, root: str, files: Sequence[PurePosixPath]) -> Unit | None:
    """Return the unit of a folder whose Makefile compiles and tests. Blocking."""
    top = next((path for name in MAKEFILES if (path := PurePosixPath(root, name)) in files), None)
    text = read_build_file(tree / top) if top is not None else ""
    rules = {name for names in _RULE.findall(text) for name in names.split()}
    target = next((name for name in ("check", "test") if name in rules), None)
    if target is None or not _COMPILES.search(text):
        return None
    runner = f"make {target}"
    return Unit(root=root, toolchain="cpp", manager=MANAGER, runner=runner, evidence=(f"`{runner}` of `{top}`",))


@dataclass(frozen=True)
class MakeAdapter:
    """Adapter of one Makefile."""

    unit: Unit
    written: tuple[str, ...] = (FOLDER,)

    def require(self) -> None:
        """Require make and a compiler."""
        require("make", "cc")

    def mounts(self) -> Sequence[Mount]:
        return ()

    def environment(self) -> Mapping[str, str]:
        return {"CI": "1", "TZ": "UTC", "NO_COLOR": "1"}

    def plan_install(self) -> Install:
        """Install nothing: each run builds."""
        return Install()

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Build, and run all tests: a Makefile cannot be asked for some.

        What does not compile is an error of the Makefile.
        """
        line = render(self.unit.runner.split(), self.unit.root)
        folder = posixpath.join(_COPY, self.unit.root)
        up = posixpath.relpath(".", self.unit.root or ".")
        built = await session.run(["/bin/sh", "-c", _BUILD.format(up=up, folder=shlex.quote(folder))])
        if not built.ok:
            return Outcome(line, built, [Problem(id=self._file, phase="build", message=built.output), End()])
        argv = ["make", "-k", "-s", "--no-print-directory", "-C", folder, self.unit.runner.split()[1]]
        result = await session.run(argv, report="make.txt")
        console = (await asyncio.to_thread(session.read_report, "make.txt")).decode(errors="replace")
        told = result.model_copy(update={"output": console[-TEXT:] + result.output})
        records = await asyncio.to_thread(self._read, console)
        return Outcome(line, told, records, () if records else (_NO_PLAN.format(self.unit.runner),))

    @property
    def _file(self) -> str:
        return self.unit.evidence[0].rsplit("`", 2)[1]

    def _read(self, console: str) -> list[Record]:
        """Return the records of what was printed, none without a plan."""
        records = read_tap(console)
        if not any(isinstance(record, Case) for record in records) or not re.search(r"^1\.\.\d", console, re.MULTILINE):
            return []
        return [self._place(record) for record in records]

    def _place(self, record: Record) -> Record:
        if not isinstance(record, Case):
            return record
        case = record.case.model_copy(update={"id": f"{self._file}::{record.case.id}"})
        return record.model_copy(update={"case": case})
