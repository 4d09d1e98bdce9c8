"""Install and test JavaScript and TypeScript behind the toolchain's port."""

from __future__ import annotations

import asyncio
import json
import posixpath
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.sandbox.port import WORK, CommandResult, Limits, Mount
from bot.toolchains.coverage import open_reports
from bot.toolchains.events import Fold, Folded, Plan
from bot.toolchains.exit_code import read_exit_code
from bot.toolchains.language import Tools
from bot.toolchains.node import paths, programs, runners, shadows
from bot.toolchains.node.counting import make_counter, set_variables
from bot.toolchains.node.detection import Project
from bot.toolchains.node.installation import MODULES, WRITTEN, Installer, require_node
from bot.toolchains.placeholders import RESULTS, is_run_by
from bot.toolchains.policy_line import fill_line
from bot.toolchains.port import (
    NOTHING,
    UNMEASURED,
    Completeness,
    Measurement,
    Program,
    TestCase,
    TestRun,
    ToolchainError,
    Workspace,
)
from bot.toolchains.results import ResultsChannel, open_channel, read_bounded
from bot.toolchains.selection import keep_wanted, select
from bot.toolchains.session import run_in
from bot.toolchains.workspace import make_mount_point, remove_tree

_INSIDE = Path(__file__).parent / "inside"
# What a test run needs beside its own memory: node reserves more than it uses.
_LIMITS = Limits(memory_mb=4096, processes=512)


class NodeToolchain:
    """Toolchain of one project of a repository; ``tree`` is the base."""

    name = "node"

    def __init__(self, tools: Tools, tree: Path, project: Project) -> None:
        self._tools = tools
        self._checks = tools.checks
        self._tree = tree
        self._project = project

    def require(self) -> None:
        require_node(self._project)

    def is_test(self, path: str) -> bool:
        return paths.is_test(path) or self.is_test_config(path)

    def is_test_config(self, path: str) -> bool:
        command = self._project.command
        options = (*command.node, *command.options) if command is not None else ()
        return (
            paths.is_test_config(path)
            or paths.is_loaded_by(options, self._project.unit.root, path)
            or is_run_by(self._checks.test or "", path)
        )

    def targets(self, files: Sequence[str]) -> list[str]:
        return paths.pick_targets(files)

    def new_test_path(self, existing: Sequence[str], near: str) -> str:
        default = "test/*.test.mjs" if self._project.unit.runner == "node:test" else "test/*.test.js"
        return paths.new_test_path(existing, near, posixpath.join(self._project.unit.root, default))

    def shadows(self, path: str, env: Path) -> str | None:
        """Return why no new file may be made at ``path`` (see the port)."""
        return shadows.find_conflict(path, self._tree)

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Install dependencies (see the port)."""
        installer = Installer(self._tools.sandbox, self._tools.settings, self._tools.setup, _environment())
        return await installer.install(workspace, self._project)

    def counts(self, path: str, env: Path) -> bool:
        """Return whether lines of a file can be counted (see the port)."""
        counter = make_counter(self._project, [WORK])
        return counter is not None and not self._checks.test and counter.counts(path)

    async def test(
        self,
        workspace: Workspace,
        targets: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        counted: Mapping[str, str] = NOTHING,
    ) -> TestRun:
        """Run the given files or test ids (see the port).

        A test is run with its file: names of tests select too much or too little in every runner. What is told is what
        was asked for.
        """
        seconds = limits.seconds if limits is not None else self._checks.minutes * 60
        limits = _LIMITS.model_copy(update={"seconds": seconds})
        if self._checks.test:
            return await self._test_by_policy(workspace, targets, limits)
        built = await self._build(workspace, limits)
        if built is not None:
            return built
        files = list(dict.fromkeys(self._to_file(target) for target in targets))
        argv = await asyncio.to_thread(self._write_command, workspace, files, counting=bool(counted))
        line = runners.render(self._project, files)
        async with open_channel() as channel, open_reports(counted) as reports:
            result = await self._run(workspace, argv, limits, channel.directory, counting=reports.mounts)
            folded = await asyncio.to_thread(self._read, channel, result, line)
            counter = make_counter(self._project, [WORK, str(workspace.tree)])
            hits = await asyncio.to_thread(reports.read, counter)
        if self._project.command is not None:
            folded = select(folded, targets)
        return TestRun(command=line, cases=folded.cases, result=result, completeness=folded.completeness, hits=hits)

    async def _test_by_policy(self, workspace: Workspace, targets: Sequence[str], limits: Limits) -> TestRun:
        """Run the policy's own line, and read its results as the policy says."""
        own = await asyncio.to_thread(fill_line, self._checks, self._tools.folder, targets, workspace.tree)
        async with open_channel() as channel:
            result = await self._run(workspace, own.argv, limits, channel.directory, reporting=False)
            folded = await asyncio.to_thread(own.read, channel, result, workspace.tree)
        folded = keep_wanted(folded, targets, lambda case: True)
        return TestRun(command=own.shown, cases=folded.cases, result=result, completeness=folded.completeness)

    async def run(
        self, workspace: Workspace, command: str, *, limits: Limits, near: str = "", report: Path | None = None
    ) -> CommandResult:
        """Run a shell line where tests run (see the port)."""
        return await self._run(workspace, ["/bin/sh", "-c", command], limits, None, report=report)

    async def measure(self, workspace: Workspace, program: Program, *, limits: Limits) -> Measurement:
        """Raise :class:`ToolchainError`: only Python is measured so far."""
        raise ToolchainError(UNMEASURED.format(self.name))

    async def _build(self, workspace: Workspace, limits: Limits) -> TestRun | None:
        """Build what the tests load; the run where that fails, else None."""
        for line in self._project.builds:
            argv = run_in(self._project.unit.root, ["/bin/sh", "-c", line])
            result = await self._run(workspace, argv, limits, None)
            if not result.ok:
                broken = TestCase(id=line, verdict="error", phase="build", message=result.output[-3000:])
                reason = f"`{line}` failed, which builds what the tests load."
                return TestRun(
                    command=line, cases=(broken,), result=result, completeness=Completeness(ok=False, reason=reason)
                )
        return None

    def _write_command(self, workspace: Workspace, files: Sequence[str], *, counting: bool) -> list[str]:
        command = self._project.command
        if command is not None and command.runner == "node:test" and not files:
            files = runners.expand(workspace.tree / self._project.unit.root, command.files)
        return runners.build(self._project, workspace.env, files, counting=counting)

    def _read(self, channel: ResultsChannel, result: CommandResult, line: str) -> Folded:
        if self._project.command is None:
            return Fold().add(read_exit_code(result, line)).close(result)
        try:
            fold = Fold().add(channel.read() or ())
            # what was running when the runner itself was stopped
            return fold.add(read_unended(channel.directory) if result.ended != "exit" else ()).close(result)
        except ToolchainError as error:
            return Folded((), Completeness(ok=False, reason=error.message))

    def _to_file(self, target: str) -> str:
        """Return a target's file as seen from the unit."""
        root = self._project.unit.root
        file = target.partition("::")[0]
        file = posixpath.relpath(file, root) if root else file
        return f"./{file}" if file.startswith("-") else file

    async def _run(
        self,
        workspace: Workspace,
        argv: Sequence[str],
        limits: Limits,
        results: Path | None,
        *,
        reporting: bool = True,
        report: Path | None = None,
        counting: Sequence[Mount] = (),
    ) -> CommandResult:
        node = await asyncio.to_thread(programs.find_node)
        if node is None:
            raise ToolchainError(programs.MISSING)
        env = _environment(self._project.unit.root)
        mounts = [*node.mounts(), Mount(source=_INSIDE, target=runners.INSIDE), *counting]
        env |= set_variables(self._project) if counting else {}
        if results is not None:
            mounts.append(Mount(source=results, target=RESULTS, writable=True))
            argv = run_in(self._project.unit.root, argv) if reporting else argv
        if results is not None and reporting:
            env |= {"FORGEHAND_RESULTS": RESULTS, "FORGEHAND_ROOT": WORK}
            command = self._project.command
            env |= dict(command.variables) if command is not None else {}
        scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forgehand-scratch-"))
        try:
            mounts += await asyncio.to_thread(_mount_modules, workspace, scratch)
            return await self._tools.sandbox.run(
                argv, workspace.tree, mounts=mounts, limits=limits, env=env, report=report
            )
        finally:
            await asyncio.to_thread(remove_tree, scratch)


def read_unended(results: Path) -> list[Plan]:
    """Return the test files whose processes began and did not end. Blocking."""
    words: dict[str, set[str]] = {}
    for line in (read_bounded(results / "ends") or b"").splitlines():
        try:
            word, file, _ = json.loads(line)
            words.setdefault(str(file), set()).add(str(word))
        except (ValueError, RecursionError):
            break
    return [Plan(file=file) for file, told in words.items() if "ended" not in told]


def _mount_modules(workspace: Workspace, scratch: Path) -> list[Mount]:
    """Mount what is installed at its places in the tree. Blocking.

    It is read-only, but for the folders that runners write to.
    """
    file = workspace.env / f"{MODULES}.json"
    places = json.loads(file.read_text()) if file.is_file() else []
    mounts = []
    for number, place in enumerate(places):
        make_mount_point(workspace.tree, place)
        mounts.append(Mount(source=workspace.env / MODULES / place, target=f"{WORK}/{place}"))
        for name in WRITTEN:
            own = scratch / f"{number}{name}"
            own.mkdir()
            mounts.append(Mount(source=own, target=f"{WORK}/{place}/{name}", writable=True))
    return mounts


def _environment(root: str = "") -> dict[str, str]:
    """Return the variables of every command.

    Watching would only be in the way.
    """
    node = programs.find_node()
    own = [] if node is None or not node.mounts() else [str(node.program.parent)]
    places = list(dict.fromkeys([posixpath.join(WORK, root, "node_modules/.bin"), f"{WORK}/node_modules/.bin"]))
    return {
        "PATH": ":".join([*places, *own, "/usr/local/bin", "/usr/bin", "/bin"]),
        "CI": "1",
        "TZ": "UTC",
        "npm_config_update_notifier": "false",
    }
