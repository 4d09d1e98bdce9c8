"""The Python toolchain: a virtual environment at /env, and tests whose verdicts our own reporter writes."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from bot.sandbox.index import url_inside
from bot.sandbox.port import WORK, CommandResult, Limits, Mount, Sandbox
from bot.sandbox.proxy import RegistryProxy, certificates
from bot.settings import Settings
from bot.toolchains.junit import parse_junit
from bot.toolchains.port import Checks, TestCase, TestRun, ToolchainError, Workspace
from bot.toolchains.python import commands, paths, shadows
from bot.toolchains.python.config import pytest_settings, words
from bot.toolchains.python.interpreters import Interpreter, fitting, interpreters, uv_program
from bot.toolchains.python.members import import_roots
from bot.toolchains.python.project import Project, detect, holds_python
from bot.toolchains.results import ResultsChannel, any_failure, read_bounded
from bot.toolchains.tap import parse_tap
from bot.toolchains.workspace import remove_tree

_INSTALL_LIMITS = Limits(seconds=1200, memory_mb=4096, processes=512, file_mb=4096)
_INSIDE = Path(__file__).parent / "inside"
_TAIL = 3000
_NO_PYTHON = (
    "There is no Python file in this repository, and Python is the only language whose tests I find by myself. Set "
    "`checks.setup` and `checks.test` in .github/forgehand.yml to the commands that install and test it."
)
_COLLECTION = re.compile(r"unittest\.loader\._FailedTest|Failed to import test module|^SyntaxError:", re.MULTILINE)


class PythonToolchain:
    """See :class:`bot.toolchains.port.Toolchain`. Nothing of ``tree`` is read before ``install``."""

    name = "python"

    def __init__(self, sandbox: Sandbox, checks: Checks, tree: Path, settings: Settings) -> None:
        self._sandbox = sandbox
        self._checks = checks
        self._tree = tree
        self._settings = settings

    @cached_property
    def _patterns(self) -> tuple[str, ...]:
        """The names of test files the repository sets; ``*.py`` says nothing, as it names the product too."""
        return tuple(one for one in words(pytest_settings(self._tree).get("python_files")) if one not in ("*", "*.py"))

    def is_test(self, path: str) -> bool:
        return paths.is_test(path, self._patterns) or self.is_test_config(path)

    def targets(self, files: Sequence[str]) -> list[str]:
        return paths.targets_among(files, self._patterns)

    def is_test_config(self, path: str) -> bool:
        return paths.is_test_config(path) or paths.is_run_by(self._checks.test or "", path)

    def new_test_path(self, existing: Sequence[str], near: str) -> str:
        return paths.new_test_path(existing, near, self._patterns)

    def shadows(self, path: str, env: Path) -> str | None:
        """See the port."""
        return shadows.shadows(path, self._tree, env)

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Make ``workspace.env`` and install into it, editable from ``workspace.tree``; only here is there a network.

        The results' ``argv`` is one string, what a person would type. Raises :class:`ToolchainError` with the failing
        command's last lines, where no Python fits, and where the repository holds none and names no test command.
        """
        project = await asyncio.to_thread(detect, workspace.tree)
        if self._checks.test is None and not await asyncio.to_thread(holds_python, workspace.tree):
            raise ToolchainError(_NO_PYTHON)
        interpreter = await asyncio.to_thread(_interpreter_for, project)
        workspace.env.mkdir(parents=True, exist_ok=True)
        if project.locked and self._checks.setup is None:
            (workspace.env / commands.CONSTRAINTS).write_text("\n".join(project.locked))
            try:
                results = await self._install_with(workspace, project, interpreter)
            except ToolchainError:
                # a lock for another Python, or one that was left behind: today's versions are the better guess
                results = await self._install_with(workspace, replace(project, locked=()), interpreter)
        else:
            results = await self._install_with(workspace, project, interpreter)
        await asyncio.to_thread(remove_tree, workspace.env / ".cache")
        return results[1:]

    async def _install_with(
        self, workspace: Workspace, project: Project, interpreter: Interpreter
    ) -> list[CommandResult]:
        uv, setup = uv_program(), self._checks.setup
        installs = [["/bin/sh", "-c", setup]] if setup else commands.install(project, uv=uv is not None)
        pip = setup is not None or (uv is None and bool(installs))
        steps = [
            commands.throwaway_repository(),
            commands.make_environment(str(interpreter.program), uv=uv is not None, pip=pip),
            *installs,
        ]
        mounts = [Mount(source=workspace.env, target=commands.ENV, writable=True), *interpreter.mounts()]
        mounts += [Mount(source=uv, target=commands.UV)] if uv else []
        return [result async for result in self._install(workspace, steps, mounts)]

    async def _install(
        self, workspace: Workspace, steps: Sequence[Sequence[str]], mounts: Sequence[Mount]
    ) -> AsyncIterator[CommandResult]:
        bundle, certificate_env = certificates()
        env = _environment(workspace) | certificate_env | _index_env(self._settings)
        async with RegistryProxy.from_settings(self._settings) as proxy:
            for argv in steps:
                result = await self._sandbox.run(
                    argv, workspace.tree, mounts=[*mounts, *bundle], limits=_INSTALL_LIMITS, network=proxy, env=env
                )
                if not result.ok:
                    raise _install_error(result, list(proxy.refused))
                yield result.model_copy(update={"argv": (commands.shown(argv),)})

    async def test(self, workspace: Workspace, targets: Sequence[str] = (), *, limits: Limits | None = None) -> TestRun:
        """See the port. Dependencies are read-only in every run, so that no run can plant anything for a later one.

        ``complete`` is True where the runner came to its end and its exit code agrees with the verdicts told.
        """
        async with self._results() as channel:
            argv = self._test_command(workspace, targets)
            line = commands.shown(argv)
            mounts = [Mount(source=channel.directory, target=commands.RESULTS, writable=True)]
            limits = limits or Limits(seconds=self._checks.minutes * 60)
            result = await self._run(workspace, argv, limits, mounts)
            cases, complete = await asyncio.to_thread(self._read, channel, result, line, workspace.tree)
        if not self._checks.test:
            cases = _asked(cases, targets)
        return TestRun(command=line, cases=cases, result=result, complete=complete and result.ended == "exit")

    async def run(self, workspace: Workspace, command: str, *, limits: Limits) -> CommandResult:
        """A shell line where the tests run: no network, dependencies read-only."""
        return await self._run(workspace, ["/bin/sh", "-c", command], limits, [])

    async def _run(
        self, workspace: Workspace, argv: Sequence[str], limits: Limits, extra: Sequence[Mount]
    ) -> CommandResult:
        interpreter = await asyncio.to_thread(_installed_interpreter, workspace.env)
        mounts = [
            Mount(source=workspace.env, target=commands.ENV),
            Mount(source=_INSIDE, target=commands.INSIDE),
            *interpreter.mounts(),
            *extra,
        ]
        test_env = await asyncio.to_thread(self._test_env, workspace, reporting=bool(extra))
        env = _environment(workspace) | test_env
        return await self._sandbox.run(argv, workspace.tree, mounts=mounts, limits=limits, env=env)

    def _test_env(self, workspace: Workspace, *, reporting: bool) -> dict[str, str]:
        # before site-packages: in the process tier the editable install points to another copy of the tree
        places = [f"{WORK}/{name}".rstrip("/") for name in import_roots(workspace.tree)]
        # never on PYTHONPATH: our sitecustomize adds them, after our reporter has its key
        env = {"PYTHONPATH": commands.INSIDE, "FORGEHAND_PATH": ":".join(places)}
        if reporting:
            env |= {"FORGEHAND_RESULTS": commands.RESULTS, "FORGEHAND_ROOT": WORK}
        if reporting and self._checks.test and self._checks.results == "junit":
            env["PYTEST_ADDOPTS"] = "-p forgehand_pytest"
        return env

    @asynccontextmanager
    async def _results(self) -> AsyncIterator[ResultsChannel]:
        outer = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forgehand-results-"))
        try:
            yield ResultsChannel(outer / "results")
        finally:
            await asyncio.to_thread(remove_tree, outer)

    def _test_command(self, workspace: Workspace, targets: Sequence[str]) -> list[str]:
        line = self._checks.test
        if line and self._checks.results == "exit":
            # the only id there is, the line itself, comes back as a target
            targets = [
                target for target in targets if target != commands.custom(line, ()) and _is_in(workspace, target)
            ]
        if line:
            return ["/bin/sh", "-c", commands.custom(line, targets)]
        if not _has_package(workspace.env, "pytest"):
            return commands.unittest(targets)
        return commands.pytest(targets, without_coverage=_has_package(workspace.env, "pytest_cov"))

    def _read(
        self, channel: ResultsChannel, result: CommandResult, line: str, tree: Path
    ) -> tuple[tuple[TestCase, ...], bool]:
        how = self._checks.results if self._checks.test else "junit"
        if how == "exit":
            # the shell's words for: cannot be run, not found
            ran = result.exit_code not in (126, 127)
            return (_exit_case(result, line),) if ran else (), ran
        if how == "tap":
            cases, planned = parse_tap(result.output)
            return cases, planned and not result.truncated and any_failure(cases) == (result.exit_code != 0)
        if recorded := channel.recorded():
            return recorded.cases, recorded.agrees(result.exit_code)
        text = read_bounded(channel.directory / "junit.xml")
        if text is None:
            return (), False
        cases = parse_junit(text, (WORK, str(tree)))
        return cases, any_failure(cases) == (result.exit_code != 0)


def make_toolchain(sandbox: Sandbox, checks: Checks, tree: Path, settings: Settings) -> PythonToolchain:
    """The toolchain for the repository whose base is checked out at ``tree``. Cheap: nothing is read yet."""
    return PythonToolchain(sandbox, checks, tree, settings)


def versions() -> str:
    """Pythons and installer found on this machine, for ``doctor``. Blocking."""
    pythons = ", ".join(one.text for one in interpreters())
    uv = uv_program()
    return f"Python {pythons}; installs with {f'uv ({uv})' if uv else 'pip'}"


def _asked(cases: Sequence[TestCase], targets: Sequence[str]) -> tuple[TestCase, ...]:
    """Return the cases of what was asked for: a repository's ``addopts`` may name more files than the command does."""
    names = [commands.selector(target.rstrip("/")) for target in targets]

    def is_asked(case: TestCase) -> bool:
        name = commands.selector(case.id)
        return case.phase == "collect" or any(
            name == one or name.startswith((f"{one}::", f"{one}[", f"{one}/")) for one in names
        )

    return tuple(case for case in cases if not names or is_asked(case))


def _exit_case(result: CommandResult, line: str) -> TestCase:
    """The whole command as one test."""
    if result.ok:
        return TestCase(id=line, verdict="passed", seconds=result.seconds)
    phase = "collect" if _COLLECTION.search(result.output) else "call"
    message = result.output[-_TAIL:]
    if phase == "collect":
        return TestCase(id=line, verdict="error", phase="collect", message=message, seconds=result.seconds)
    return TestCase(id=line, verdict="failed", message=message, seconds=result.seconds)


def _interpreter_for(project: Project) -> Interpreter:
    found = fitting(project.requires_python, project.pythons, interpreters())
    if found is None:
        here = ", ".join(one.text for one in interpreters())
        raise ToolchainError(
            f"The repository needs Python {project.requires_python}; this machine has {here}. Install a fitting one, "
            "for example with `uv python install`."
        )
    return found


def _installed_interpreter(env: Path) -> Interpreter:
    """The interpreter an environment was made with, only ever one of those we found: code of the repository could
    have rewritten the file that says so."""
    text = (read_bounded(env / "pyvenv.cfg") or b"").decode(errors="replace")
    home = re.search(r"^home\s*=\s*(.+)$", text, re.MULTILINE)
    place = Path(home[1].strip()).resolve() if home else None
    for one in interpreters():
        if place in (one.program.parent, one.prefix / "bin"):
            return one
    raise ToolchainError(f"{env} is not an environment made here: install the repository first.")


def _is_in(workspace: Workspace, target: str) -> bool:
    # unlike Path.exists, False for what is too long to be a path
    return os.path.exists(workspace.tree / target.partition("::")[0])  # noqa: PTH110


def _has_package(env: Path, name: str) -> bool:
    # the repository may be this package itself: an editable install leaves nothing else there
    return any(env.glob(f"lib/python3*/site-packages/{name}-*.dist-info"))


def _environment(workspace: Workspace) -> dict[str, str]:
    version = commands.VERSION
    return {
        "PATH": f"{commands.ENV}/bin:/usr/local/bin:/usr/bin:/bin",
        "VIRTUAL_ENV": commands.ENV,
        "SETUPTOOLS_SCM_PRETEND_VERSION": version,
        "PBR_VERSION": version,
    }


def _index_env(settings: Settings) -> dict[str, str]:
    env = {
        "UV_CACHE_DIR": f"{commands.ENV}/.cache",
        "PIP_NO_CACHE_DIR": "1",
        "UV_PYTHON_DOWNLOADS": "never",
        # the environment is read-only afterwards
        "UV_COMPILE_BYTECODE": "1",
        "UV_HTTP_TIMEOUT": "120",
    }
    index = url_inside(settings.index_url)
    return env | ({"UV_DEFAULT_INDEX": index, "PIP_INDEX_URL": index} if index else {})


def _install_error(result: CommandResult, refused: Sequence[str]) -> ToolchainError:
    said = result.output.strip()[-_TAIL:]
    why = "" if result.ended == "exit" else f" (stopped: {result.ended})"
    hosts = f"\nRefused hosts: {', '.join(refused)}; an operator can allow them in `registries`." if refused else ""
    return ToolchainError(f"`{commands.shown(result.argv)}` failed{why}:\n{said}{hosts}")
