"""Choose the toolchains of a repository, and let them act as one.

Each folder that tests itself has its own; a path belongs to the innermost one of its language.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from bot.sandbox.index import make_url_inside
from bot.sandbox.port import CommandResult, Limits, Sandbox
from bot.settings import Checks, Settings
from bot.toolchains.identity import Identity, hash_toolchains
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.lock_files import StaleLock
from bot.toolchains.port import NOTHING, Completeness, Hits, Measurement, Program, TestRun, ToolchainError, Workspace
from bot.toolchains.units import find_nearest

# Says in an environment why it could not be prepared.
_UNPREPARED = "unprepared.txt"


class RepositoryToolchain:
    """Toolchain of a whole repository; ``tree`` is read when it is there."""

    def __init__(self, sandbox: Sandbox, checks: Checks, tree: Path, settings: Settings) -> None:
        self._checks = checks
        self._sandbox = sandbox
        self._settings = settings
        self._tree = tree

    @property
    def name(self) -> str:
        return ", ".join(dict.fromkeys(part.unit.toolchain for part in self.parts))

    def require(self) -> None:
        for part in self.parts:
            part.toolchain.require()

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Return what tests itself here. Blocking."""
        from bot.toolchains.languages import find_parts

        own = {"": self._checks, **self._checks.folders}
        return tuple(
            part
            for folder, checks in own.items()
            for part in find_parts(
                self._tree, Tools(self._sandbox, checks, self._settings, folder, self._within(folder))
            )
        )

    def identify(self, blobs: Mapping[str, str]) -> Identity:
        """Identify what install makes of a tree of these blobs. Blocking.

        A command of the policy's own may read any file, and folders with checks of their own are not told apart.
        """
        settings = self._settings
        used = [one for one in _list_languages() if any(part.unit.toolchain == one.name for part in self.parts)]
        decided = [language.decide(self._tree, blobs) for language in used if language.decide is not None]
        own = self._checks.setup is not None or bool(self._checks.folders)
        return Identity.of(
            {
                "forgehand": hash_toolchains(),
                "tier": self._sandbox.tier,
                "policy": self._checks.model_dump(),
                "registries": [settings.registries, make_url_inside(settings), settings.maven_mirror],
                "parts": [part.slug for part in self.parts],
                "machine": [language.describe() for language in used],
                "decided": decided,
            },
            apart=len(decided) == len(used) and not own,
        )

    def is_complete(self, env: Path) -> bool:
        """Return whether every part could be installed. Blocking."""
        return not any(self._read_problem(part, env) for part in self.parts)

    def is_test(self, path: str) -> bool:
        foreign = any(one.paths.is_source(path) and one.paths.is_test(path) for one in _list_languages())
        return foreign or self.is_test_config(path) or any(part.toolchain.is_test(path) for part in self.parts)

    def is_test_config(self, path: str) -> bool:
        foreign = any(one.paths.is_test_config(path) for one in _list_languages())
        return foreign or any(part.toolchain.is_test_config(path) for part in self.parts)

    def targets(self, files: Sequence[str]) -> list[str]:
        return [target for part, own in self._divide(files) for target in part.toolchain.targets(own)]

    def find_root(self, path: str) -> str:
        """Return the folder whose runner runs a test file. Blocking."""
        return self._part_of(path).unit.root

    def new_test_path(self, existing: Sequence[str], near: str) -> str:
        return self._part_of(near).toolchain.new_test_path(existing, near)

    def shadows(self, path: str, env: Path) -> str | None:
        """Return why no new file may be made at ``path`` (see the port)."""
        reasons = (part.toolchain.shadows(path, self._env_of(part, env)) for part in self.parts)
        return next((reason for reason in reasons if reason is not None), None)

    def hides(self, path: str, text: str) -> str | None:
        """Return why a file may not come to hold this text; None where it may.

        Classes of it would be loaded in place of others. What the base's own text does may stay. Blocking: reads the
        tree.
        """
        for find in (one.find_hidden for one in _list_languages() if one.find_hidden is not None):
            reason = find(path, text, self._tree)
            if reason is not None and reason != find(path, _read_text(self._tree / path), self._tree):
                return reason
        return None

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Install every part (see the port).

        One that cannot be installed keeps none of the others away: its tests are told to be missing.
        """
        parts = await asyncio.to_thread(lambda: self.parts)
        if len(parts) == 1:
            return await parts[0].toolchain.install(workspace)
        results: list[CommandResult] = []
        problems: list[ToolchainError] = []
        done: set[str] = set()
        for part in parts:
            if part.slug in done:
                continue
            done.add(part.slug)
            own = self._own(part, workspace)
            try:
                results += await part.toolchain.install(own)
            except ToolchainError as error:
                problems.append(error)
                own.env.mkdir(parents=True, exist_ok=True)
                (own.env / _UNPREPARED).write_text(error.message)
        if len(problems) == len(done):
            raise problems[0]
        return results

    def counts(self, path: str, env: Path) -> bool:
        """Return whether lines of a file can be counted (see the port).

        Other units of its language may run it too: each of them must be there, and count it.
        """
        language = self._part_of(path).unit.toolchain
        alike = [part for part in self.parts if part.unit.toolchain == language]
        return all(self._counts(part, path, env) and not self._read_problem(part, env) for part in alike)

    def _counts(self, part: Part, path: str, env: Path) -> bool:
        return part.toolchain.counts(path, self._env_of(part, env))

    async def test(
        self,
        workspace: Workspace,
        targets: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        counted: Mapping[str, str] = NOTHING,
    ) -> TestRun:
        """Run files or test ids, each with its part, or all (see the port)."""
        parts = await asyncio.to_thread(lambda: self.parts)
        if len(parts) == 1:
            return await self._test(parts[0], workspace, targets, limits, counted)
        wanted = self._divide(targets) if targets else [(part, []) for part in parts]
        runs = []
        notes = []
        for part, own in wanted:
            problem = await asyncio.to_thread(self._read_problem, part, workspace.env)
            if problem and not targets and len(wanted) > 1:
                notes.append(f"{part.place} could not be installed, so its tests did not run: {problem}")
            elif problem:
                raise ToolchainError(problem)
            else:
                texts = {path: text for path, text in counted.items() if self._counts(part, path, workspace.env)}
                runs.append(await self._test(part, self._own(part, workspace), own, limits, texts))
        return merge_runs(runs, notes)

    async def _test(
        self,
        part: Part,
        workspace: Workspace,
        targets: Sequence[str],
        limits: Limits | None,
        counted: Mapping[str, str],
    ) -> TestRun:
        """Run a part's tests, in its folder's share of the repository's time.

        A runner at the root may run tests of folders too that have checks of their own: these do not count.
        """
        if limits is not None and part.folder:
            share = part.checks.minutes / self._checks.minutes
            limits = limits.model_copy(update={"seconds": limits.seconds * share})
        run = await part.toolchain.test(workspace, targets, limits=limits, counted=counted)
        own = (case for case in run.cases if self._checks.find_folder(case.id.partition("::")[0]) == part.folder)
        return run.model_copy(update={"cases": tuple(own)})

    async def run(
        self, workspace: Workspace, command: str, *, limits: Limits, near: str = "", report: Path | None = None
    ) -> CommandResult:
        """Run a shell line with one part, else the first installed (see the port)."""
        parts = await asyncio.to_thread(lambda: self.parts)
        ready = [part for part in parts if not self._read_problem(part, workspace.env)]
        part = self._part_of(near) if near else next(iter(ready), parts[0])
        if near and part not in ready:
            raise ToolchainError(self._read_problem(part, workspace.env))
        return await part.toolchain.run(self._own(part, workspace), command, limits=limits, report=report)

    async def keep_lock(self, tree: Path, lock: StaleLock, *, write: bool) -> CommandResult:
        """Let a lock file's tool renew it, or look at it, with the registries.

        Its output ends with the hosts that were refused. Raises :class:`ToolchainError` where the tool is not run here.
        """
        from bot.toolchains.renewal import run_tool

        result, refused = await run_tool(lock, tree, self._sandbox, self._settings, write=write)
        hosts = "" if result.ok or not refused else f"\nRefused hosts: {', '.join(refused)}"
        return result.model_copy(update={"output": f"{result.output.rstrip()}{hosts}"})

    async def measure(self, workspace: Workspace, program: Program, *, limits: Limits) -> Measurement:
        """Run a measuring program with the Python part, where there is one."""
        parts = await asyncio.to_thread(lambda: self.parts)
        part = next((one for one in parts if one.unit.toolchain == "python"), parts[0])
        problem = await asyncio.to_thread(self._read_problem, part, workspace.env)
        if problem:
            raise ToolchainError(problem)
        return await part.toolchain.measure(self._own(part, workspace), program, limits=limits)

    def _divide(self, paths: Sequence[str]) -> list[tuple[Part, list[str]]]:
        """Sort paths, or ids of tests, by the parts they belong to."""
        found: dict[int, list[str]] = {}
        for path in paths:
            found.setdefault(self.parts.index(self._part_of(path.partition("::")[0])), []).append(path)
        return [(self.parts[number], own) for number, own in sorted(found.items())]

    def _part_of(self, path: str) -> Part:
        folder = self._checks.find_folder(path)
        own = [part for part in self.parts if part.folder == folder]
        languages = {language.name for language in _list_languages() if language.paths.is_source(path)}
        units = [part.unit for part in own or self.parts]
        named = find_nearest([unit for unit in units if unit.toolchain in languages], path)
        found = named or find_nearest(units, path) or units[0]
        return next(part for part in self.parts if part.unit == found)

    def _within(self, folder: str) -> tuple[str, ...]:
        """Return the folders with checks of their own below a folder."""
        return tuple(one for one in self._checks.folders if one.startswith(f"{folder}/" if folder else ""))

    def _env_of(self, part: Part, env: Path) -> Path:
        return env if len(self.parts) == 1 else env / part.slug

    def _own(self, part: Part, workspace: Workspace) -> Workspace:
        return Workspace(tree=workspace.tree, env=self._env_of(part, workspace.env))

    def _read_problem(self, part: Part, env: Path) -> str:
        """Return why a part could not be installed, or "". Blocking."""
        file = self._env_of(part, env) / _UNPREPARED
        return file.read_text() if file.is_file() else ""


def _read_text(file: Path) -> str:
    return file.read_text(errors="replace") if file.is_file() and not file.is_symlink() else ""


def _list_languages() -> Sequence[Language]:
    """Load all languages: a hundred modules, which an idle server lacks."""
    from bot.toolchains.languages import LANGUAGES

    return LANGUAGES


def make_toolchain(sandbox: Sandbox, checks: Checks, tree: Path, settings: Settings) -> RepositoryToolchain:
    """Make the toolchain for the base at ``tree``; nothing is read yet."""
    return RepositoryToolchain(sandbox, checks, tree, settings)


def merge_runs(runs: Sequence[TestRun], notes: Sequence[str] = ()) -> TestRun:
    """Return several runs as one: it is believed where all are."""
    if len(runs) == 1:
        return runs[0].model_copy(update={"notes": (*runs[0].notes, *notes)})
    results = [run.result for run in runs]
    bad = next((one for one in results if not one.ok), results[0])
    peaks = [one.peak_mb for one in results if one.peak_mb is not None]
    unsure = next((run.completeness for run in runs if not run.complete), None)
    return TestRun(
        command="; ".join(run.command for run in runs),
        cases=tuple(case for run in runs for case in run.cases),
        result=bad.model_copy(
            update={
                # last that of the run whose reason is told, since the end is what is shown
                "output": "\n".join(
                    one.result.output for one in sorted(runs, key=lambda run: run.completeness is unsure)
                ),
                "truncated": any(one.truncated for one in results),
                "seconds": sum(one.seconds for one in results),
                "peak_mb": max(peaks, default=None),
            }
        ),
        completeness=unsure or Completeness(ok=True),
        notes=(*(note for run in runs for note in run.notes), *notes),
        hits=_add_hits(run.hits for run in runs),
    )


def _add_hits(counted: Iterable[Hits]) -> Hits:
    """Add up how often lines ran."""
    found: Hits = {}
    for path, lines in (pair for hits in counted for pair in hits.items()):
        of = found.setdefault(path, {})
        of.update({line: of.get(line, 0) + times for line, times in lines.items()})
    return found
