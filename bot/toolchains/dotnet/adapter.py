"""Run the test projects of a .NET unit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import Mount
from bot.toolchains.dotnet.programs import require_dotnet
from bot.toolchains.dotnet.projects import Project, find_hindrances, list_projects, read_project
from bot.toolchains.dotnet.report import pick_projects, read_report, read_sequence, write_filter
from bot.toolchains.events import End, Problem, Record
from bot.toolchains.installer import render
from bot.toolchains.language import Install, Outcome
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.port import ToolchainError
from bot.toolchains.results import read_bounded
from bot.toolchains.rounds import join_results
from bot.toolchains.session import ENV, Session
from bot.toolchains.units import Unit

_MADE = "artifacts"
# Reports that are read of one project: one for each framework that it is built for.
_MOST_REPORTS = 20
_PLACED = ["--artifacts-path", f"{ENV}/{_MADE}"]
# What was built before would pass for what is tested now, so all is built anew.
_BUILD = ["--no-restore", "--no-incremental", "--disable-build-servers", "--nologo"]


@dataclass(frozen=True)
class DotnetAdapter:
    """Adapter of one unit; ``tree`` is the base."""

    unit: Unit
    tree: Path
    written: tuple[str, ...] = (_MADE,)

    def require(self) -> None:
        """Require the SDK, and projects that it can run here."""
        hindrances = list(self._find_hindrances(self.tree).values())
        if hindrances and all(hindrances):
            raise ToolchainError(hindrances[0])
        require_dotnet()

    def _find_hindrances(self, tree: Path) -> dict[str, str]:
        return find_hindrances(tree, [path for path in list_projects(tree) if self.unit.holds(path)])

    def mounts(self) -> Sequence[Mount]:
        return require_dotnet().mounts()

    def environment(self) -> Mapping[str, str]:
        return {
            "PATH": f"{require_dotnet().root}:/usr/local/bin:/usr/bin:/bin",
            "NUGET_PACKAGES": f"{ENV}/nuget",
            "DOTNET_CLI_HOME": "/tmp",  # noqa: S108 - the sandbox's own
            "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
            # TRX tells in words that a run was aborted
            "DOTNET_CLI_UI_LANGUAGE": "en",
            "MSBUILDDISABLENODEREUSE": "1",
            "CI": "1",
            "TZ": "UTC",
            "NO_COLOR": "1",
        }

    def plan_install(self) -> Install:
        """Fetch the packages of the projects that can be run here.

        What cannot be built is for the tests to tell.
        """
        own = [path for path, hindrance in self._find_hindrances(self.tree).items() if not hindrance]
        steps = [["dotnet", "restore", self.unit.place(path), *_PLACED] for path in own]
        return Install([steps], authorities=("SSL_CERT_FILE",))

    async def test(self, session: Session, targets: Sequence[str]) -> Outcome:
        """Build and run the projects of the targets, or all.

        One that does not compile is an error of each of its files.
        """
        projects = await asyncio.to_thread(self._read, session.workspace.tree)
        picked = pick_projects(projects, targets)
        records: list[Record] = []
        results = []
        lines = []
        whole = bool(picked)
        for number, (project, own) in enumerate(picked):
            path = self.unit.place(project.path)
            built = await session.run(["dotnet", "build", path, *_BUILD, *_PLACED])
            results.append(built)
            if not built.ok:
                files = project.files or (project.path,)
                records += [Problem(id=file, phase="build", message=built.output) for file in files]
                continue
            asked = write_filter(project, own)
            chosen = ["--filter", asked] if asked else []
            report = [*_PLACED, "--logger", f"trx;LogFilePrefix={number}", "--results-directory", _place(number)]
            results.append(await session.run(["dotnet", "test", path, "--no-build", "--blame", *report, *chosen]))
            told, ended = await asyncio.to_thread(_read_folder, session, project, number)
            records += told
            whole &= ended
            lines.append(render(["dotnet", "test", path, *chosen], self.unit.root))
        line = "; ".join(lines) or render(["dotnet", "build"], self.unit.root)
        notes = await asyncio.to_thread(self._note_hindrances)
        if not results:
            return Outcome(line, await session.run(["true"]), (), notes)
        return Outcome(line, join_results(results), [*records, *([End()] if whole else [])], notes)

    def _read(self, tree: Path) -> list[Project]:
        """Read the projects that can be run here, as they are now. Blocking."""
        hindrances = self._find_hindrances(tree)
        return [read_project(tree, path, list(hindrances)) for path in hindrances if not hindrances[path]]

    def _note_hindrances(self) -> tuple[str, ...]:
        return tuple(filter(None, self._find_hindrances(self.tree).values()))


def _place(number: int) -> str:
    return f"{RESULTS}/trx-{number}"


def _read_folder(session: Session, project: Project, number: int) -> tuple[list[Record], bool]:
    """Read what a project's run left, and whether it is whole. Blocking."""
    folder = session.channel.directory / f"trx-{number}"
    records: list[Record] = []
    reports = [] if folder.is_symlink() else sorted(folder.glob("*.trx"))[:_MOST_REPORTS]
    whole = bool(reports)
    for place, path in enumerate(reports):
        text = read_bounded(path)
        cases, ended = ([], False) if text is None else read_report(text, project, f"{number}-{place}")
        records += cases
        whole &= ended
    sequences = [] if whole or folder.is_symlink() else sorted(folder.glob("*/Sequence*.xml"))[:_MOST_REPORTS]
    for path in sequences:
        text = None if path.parent.is_symlink() else read_bounded(path)
        records += [] if text is None else read_sequence(text, project)
    return records, whole
