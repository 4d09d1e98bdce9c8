"""Run the tests of a Go module."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import CommandResult, Mount
from bot.toolchains.coverage import COVERAGE
from bot.toolchains.go.packages import Package, read_packages
from bot.toolchains.go.programs import find_go, require_go
from bot.toolchains.go.report import Key, Report, write_filter
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.port import ToolchainError
from bot.toolchains.rounds import join_results
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit

_CACHE = "go-build"
_NEEDED = re.compile(r"^go\s+(\d+)\.(\d+)", re.MULTILINE)
# Until this version the line was advice: an older Go builds the module, and says so where it cannot.
_LAST_ADVISED = (1, 20)
_LIST = ["go", "list", "-e", "-json=Dir,ImportPath,TestGoFiles,XTestGoFiles"]
# A crash ends all tests of its package: those behind it are run again without it, at most so often.
_ROUNDS = 4


@dataclass(frozen=True)
class GoAdapter:
    """Adapter of one module; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = (_CACHE,)

    def require(self) -> None:
        """Require Go, as new as the module asks where that is binding."""
        here = require_go()
        found = _NEEDED.search(self._read_module())
        if found is not None and (int(found[1]), int(found[2])) > max(here.version, _LAST_ADVISED):
            raise ToolchainError(f"The repository needs Go {found[1]}.{found[2]}; this machine has {here.text}.")

    def _read_module(self) -> str:
        file = self.tree / self.unit.root / "go.mod"
        return file.read_text(errors="replace") if file.is_file() and not file.is_symlink() else ""

    def mounts(self) -> Sequence[Mount]:
        return require_go().mounts()

    def environment(self) -> Mapping[str, str]:
        go = find_go()
        # code older than modules is built by its folders
        mode = {} if (self.tree / self.unit.root / "go.mod").is_file() else {"GO111MODULE": "off"}
        own = f"{go.root}/bin:" if go is not None else ""
        return {
            "PATH": f"{own}/usr/local/bin:/usr/bin:/bin",
            "GOCACHE": f"{ENV}/{_CACHE}",
            "GOPATH": f"{ENV}/go",
            "GOPROXY": "off",
            # another version of Go would be fetched
            "GOTOOLCHAIN": "local",
            "GOTELEMETRY": "off",
            "CI": "1",
            "TZ": "UTC",
            **mode,
        }

    def plan_install(self) -> Install:
        """Fetch the modules and build what tests need.

        A package that cannot be built is for the tests to tell.
        """
        vendored = (self.tree / self.unit.root / "vendor" / "modules.txt").is_file()
        fetch = [["go", "mod", "download"]] if "require" in self._read_module() and not vendored else []
        build = ["go", "test", "-run=^$", "./..."]
        return Install([[*fetch, build], [*fetch, ["go", "build", "std"]]], {"GOPROXY": "https://proxy.golang.org"})

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Run the functions of the targets' files, or all.

        Those that a crash kept from running are run again.
        """
        folders = list(dict.fromkeys(self._to_package(target) for target in targets)) or ["./..."]
        listed = await session.run([*_LIST, *folders], report="packages.json")
        listing = await asyncio.to_thread(session.read_report, "packages.json")
        found = await asyncio.to_thread(read_packages, listing, session.workspace.tree)
        packages = {package.path: package for package in found}
        report = Report(packages, frozenset(_list_wanted(found, targets)))
        if not listed.ok or not report.wanted:
            return Outcome(render([*_LIST, *folders], self.unit.root), listed, ())
        wanted = sorted(report.wanted)
        runs: list[CommandResult] = []
        while wanted and len(runs) < _ROUNDS:
            places = list(dict.fromkeys(self._to_place(packages[path].folder) for path, _ in wanted))
            argv = _write_command(wanted, session.seconds, filtered=bool(targets or runs))
            argv += [*self._count(session.counted, len(runs)), *places]
            name = f"go-{len(runs)}.json"
            runs.append(await session.run(argv, report=name))
            report.add(await asyncio.to_thread(session.read_report, name), runs[-1].output)
            wanted = report.list_unreached() if runs[-1].ended == "exit" else []
        result = join_results(runs)
        told = result.model_copy(update={"output": report.log + result.output})
        return Outcome(self._render(folders, targets), told, list(report.list_records()))

    def _count(self, files: Sequence[str], number: int) -> list[str]:
        """Return options that count lines of files, whoever runs them."""
        packages = dict.fromkeys(self._to_package(file) for file in files)
        return [f"-coverprofile={COVERAGE}/{number}.out", f"-coverpkg={','.join(packages)}"] if files else []

    def _to_package(self, target: str) -> str:
        return self._to_place(posixpath.dirname(target.partition("::")[0]))

    def _to_place(self, folder: str) -> str:
        """Return a package as seen from the unit: not all have an import path."""
        inside = posixpath.relpath(folder or ".", self.unit.root or ".")
        return inside if inside == "." else f"./{inside}"

    def _render(self, folders: Sequence[str], targets: Sequence[str]) -> str:
        names = [target.partition("::")[2].partition("/")[0] for target in targets]
        chosen = [f"-run={write_filter(names)}"] if targets and all(names) else []
        return render(["go", "test", *chosen, *folders], self.unit.root)


def _list_wanted(packages: Sequence[Package], targets: Sequence[str]) -> list[Key]:
    """Return the functions of the targets: files, folders or ids."""
    files = {target.partition("::")[0].rstrip("/") for target in targets if "::" not in target}
    names = {target.partition("/")[0] if "::" not in target else _cut_subtest(target) for target in targets}
    return [
        (package.path, name)
        for package in packages
        for name, file in package.functions.items()
        if not targets or file in files or f"{file}::{name}" in names or package.folder in files
    ]


def _cut_subtest(id: str) -> str:
    file, _, name = id.partition("::")
    return f"{file}::{name.partition('/')[0]}"


def _write_command(wanted: Sequence[Key], seconds: float, *, filtered: bool) -> list[str]:
    """Write the command, but for the packages.

    Go's own limit comes before ours, because it names the test that was running.
    """
    chosen = [f"-run={write_filter([name for _, name in wanted])}"] if filtered else []
    return ["go", "test", "-json", "-count=1", f"-timeout={max(int(seconds * 0.9), 1)}s", *chosen]
