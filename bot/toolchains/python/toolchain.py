"""Install and test Python repositories behind the toolchain's port.

The virtual environment is mounted at /env, and our own reporter writes the verdicts.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from bot.sandbox.port import WORK, CommandResult, Limits, Mount, Sandbox
from bot.settings import Checks, Settings
from bot.toolchains import submodules
from bot.toolchains.coverage import Counter, open_reports
from bot.toolchains.language import Tools
from bot.toolchains.lcov import read_lcov
from bot.toolchains.placeholders import RESULTS, is_run_by, selector
from bot.toolchains.policy_line import fill_line
from bot.toolchains.port import NOTHING, Hits, Measurement, Program, TestCase, TestRun, ToolchainError, Workspace
from bot.toolchains.python import commands, paths, shadows
from bot.toolchains.python.config import read_pytest_settings, split_words
from bot.toolchains.python.installation import Installer, require_interpreter, require_python
from bot.toolchains.python.interpreters import Interpreter, find_interpreters, find_uv
from bot.toolchains.python.members import find_import_roots
from bot.toolchains.reading import read_results
from bot.toolchains.results import PLAN_FILE, open_channel, read_bounded
from bot.toolchains.selection import keep_wanted

_INSIDE = Path(__file__).parent / "inside"


class PythonToolchain:
    """Toolchain of Python; ``tree`` is not read before ``install``."""

    name = "python"

    def __init__(self, tools: Tools, tree: Path) -> None:
        self._tools = tools
        self._checks = tools.checks
        self._tree = tree

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        """Return the names of test files the repository sets, but ``*.py``."""
        return tuple(
            one for one in split_words(read_pytest_settings(self._tree).get("python_files")) if one not in ("*", "*.py")
        )

    def require(self) -> None:
        if self._checks.test is None:
            require_python(self._tree)
        require_interpreter(self._tree)

    def is_test(self, path: str) -> bool:
        return paths.is_test(path, self._patterns) or self.is_test_config(path)

    def targets(self, files: Sequence[str]) -> list[str]:
        return paths.pick_targets(files, self._patterns)

    def is_test_config(self, path: str) -> bool:
        return paths.is_test_config(path) or is_run_by(self._checks.test or "", path)

    def new_test_path(self, existing: Sequence[str], near: str) -> str:
        return paths.new_test_path(existing, near, self._patterns)

    def shadows(self, path: str, env: Path) -> str | None:
        """Return why no new file may be made at ``path`` (see the port)."""
        return shadows.find_conflict(path, self._tree, env, is_test=self.is_test(path))

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Install dependencies (see the port).

        Raises :class:`ToolchainError` also for a repository without Python and without a test command.
        """
        if self._checks.test is None:
            await asyncio.to_thread(require_python, workspace.tree)
        installer = Installer(self._tools.sandbox, self._tools.settings, self._tools.setup, _environment())
        return await installer.install(workspace)

    def counts(self, path: str, env: Path) -> bool:
        """Return whether lines of a file can be counted (see the port)."""
        there = all(_has_package(env, name) for name in ("pytest", "coverage"))
        there = there and not _has_package(env, "pytest_forked")  # whose processes leave nothing behind
        return there and not self._checks.test and path.endswith(".py") and not self.is_test(path)

    async def test(
        self,
        workspace: Workspace,
        targets: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        counted: Mapping[str, str] = NOTHING,
    ) -> TestRun:
        """Run the given files or test ids (see the port).

        Dependencies are read-only in every run, so that no run can plant anything for a later one.
        """
        limits = limits or Limits(seconds=self._checks.minutes * 60)
        hits: Hits = {}
        async with open_channel() as channel, open_reports(counted) as reports:
            mounts = [Mount(source=channel.directory, target=RESULTS, writable=True), *reports.mounts]
            if self._checks.test:
                own = await asyncio.to_thread(fill_line, self._checks, self._tools.folder, targets, workspace.tree)
                line = own.shown
                result = await self._run(workspace, own.argv, limits, mounts)
                folded = await asyncio.to_thread(own.read, channel, result, workspace.tree)
                folded = keep_wanted(folded, targets, lambda case: True)
            else:
                argv = _write_command(workspace, targets)
                line = commands.render_command(argv)
                argv = _count_lines(workspace, argv, counted) if counted else argv
                result = await self._run(workspace, argv, limits, mounts)
                hits = await asyncio.to_thread(reports.read, _make_counter(workspace))
                folded = await asyncio.to_thread(read_results, "junit", channel, result, line, workspace.tree)
                folded = keep_wanted(folded, targets, lambda case: _is_requested(case, targets))
        run = TestRun(command=line, cases=folded.cases, result=result, completeness=folded.completeness, hits=hits)
        if run.complete and not run.unloaded:
            return run
        return run.model_copy(update={"notes": await asyncio.to_thread(submodules.describe_missing, workspace.tree)})

    async def run(
        self, workspace: Workspace, command: str, *, limits: Limits, near: str = "", report: Path | None = None
    ) -> CommandResult:
        """Run a shell line where tests run (see the port)."""
        return await self._run(workspace, ["/bin/sh", "-c", command], limits, [], report=report)

    async def measure(self, workspace: Workspace, program: Program, *, limits: Limits) -> Measurement:
        """Run a measuring program where tests run (see the port)."""
        async with open_channel() as channel:
            await asyncio.to_thread((channel.directory / PLAN_FILE).write_text, program.plan)
            mounts = [
                Mount(source=channel.directory, target=RESULTS, writable=True),
                Mount(source=program.folder, target=commands.MEASURE),
            ]
            argv = [commands.PYTHON, *program.argv]
            result = await self._run(workspace, argv, limits, mounts, program.module)
            return Measurement(result=result, records=tuple(await asyncio.to_thread(channel.read_measured)))

    async def _run(
        self,
        workspace: Workspace,
        argv: Sequence[str],
        limits: Limits,
        extra: Sequence[Mount],
        program: str = "",
        report: Path | None = None,
    ) -> CommandResult:
        interpreter = await asyncio.to_thread(_installed_interpreter, workspace.env)
        mounts = [
            Mount(source=workspace.env, target=commands.ENV),
            Mount(source=_INSIDE, target=commands.INSIDE),
            *interpreter.mounts(),
            *extra,
        ]
        test_env = await asyncio.to_thread(self._test_env, workspace, reporting=bool(extra))
        env = _environment() | test_env
        if program:
            env |= {"FORGEHAND_PROGRAM": program, "PYTHONPATH": f"{commands.MEASURE}:{commands.INSIDE}"}
        return await self._tools.sandbox.run(argv, workspace.tree, mounts=mounts, limits=limits, env=env, report=report)

    def _test_env(self, workspace: Workspace, *, reporting: bool) -> dict[str, str]:
        # before site-packages: in the process tier the editable install points to another copy of the tree
        places = [f"{WORK}/{name}".rstrip("/") for name in find_import_roots(workspace.tree)]
        # never on PYTHONPATH: our sitecustomize adds them, after our reporter has its key
        env = {"PYTHONPATH": commands.INSIDE, "FORGEHAND_PATH": ":".join(places)}
        if reporting:
            env |= {"FORGEHAND_RESULTS": RESULTS, "FORGEHAND_ROOT": WORK}
        if reporting and self._checks.test and self._checks.results == "junit":
            env["PYTEST_ADDOPTS"] = "-p forgehand_pytest"
        return env


def make_toolchain(sandbox: Sandbox, checks: Checks, tree: Path, settings: Settings) -> PythonToolchain:
    """Make the toolchain for the base at ``tree``; nothing is read yet."""
    return PythonToolchain(Tools(sandbox, checks, settings), tree)


def describe_versions() -> str:
    """Name this machine's Pythons and installer, for ``doctor``. Blocking."""
    pythons = ", ".join(one.text for one in find_interpreters())
    uv = find_uv()
    return f"Python {pythons}; installs with {f'uv ({uv})' if uv else 'pip'}"


def _write_command(workspace: Workspace, targets: Sequence[str]) -> list[str]:
    if not _has_package(workspace.env, "pytest"):
        return commands.unittest(targets)
    return commands.pytest(targets, without_coverage=_has_package(workspace.env, "pytest_cov"))


def _count_lines(workspace: Workspace, argv: Sequence[str], counted: Collection[str]) -> list[str]:
    """Return the command as coverage.py runs it, for the files' own folders."""
    folders = sorted({posixpath.join(WORK, posixpath.dirname(path)).rstrip("/") for path in counted})
    greenlets = _has_package(workspace.env, "greenlet")
    return commands.count_lines(argv, folders, greenlets=greenlets, workers=_has_package(workspace.env, "pytest_xdist"))


def _make_counter(workspace: Workspace) -> Counter:
    folders = {WORK: "", str(workspace.tree): "", "": ""}
    return Counter(lambda path: True, read_lcov, folders, commands.LCOV)


def _is_requested(case: TestCase, targets: Sequence[str]) -> bool:
    """Return whether a case was asked for: ``addopts`` may name more files."""
    name = selector(case.id)
    wanted = (selector(target.rstrip("/")) for target in targets)
    return case.phase == "collect" or any(
        name == one or name.startswith((f"{one}::", f"{one}[", f"{one}/")) for one in wanted
    )


def _installed_interpreter(env: Path) -> Interpreter:
    """Return the interpreter an environment was made with."""
    # It is always one of those we found: code of the repository could have rewritten the file that names it.
    text = (read_bounded(env / "pyvenv.cfg") or b"").decode(errors="replace")
    home = re.search(r"^home\s*=\s*(.+)$", text, re.MULTILINE)
    place = Path(home[1].strip()).resolve() if home else None
    for one in find_interpreters():
        if place in (one.program.parent, one.prefix / "bin"):
            return one
    raise ToolchainError(f"{env} is not an environment made here: install the repository first.")


def _has_package(env: Path, name: str) -> bool:
    # the repository may be this package itself: an editable install leaves nothing else there
    return any(env.glob(f"lib/python3*/site-packages/{name}-*.dist-info"))


def _environment() -> dict[str, str]:
    version = commands.VERSION
    return {
        "PATH": f"{commands.ENV}/bin:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": commands.ENV,
        "SETUPTOOLS_SCM_PRETEND_VERSION": version,
        "PBR_VERSION": version,
    }
