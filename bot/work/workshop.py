"""Keep one warm directory a task: installed once, laid out before every use, rebuilt where a step finds it missing.

``pristine`` is the base as the install phase left it, before a model said anything; ``tree`` is what commands see.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import structlog

from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.sandbox.port import CommandResult, Limits, Sandbox
from bot.toolchains.lock_files import StaleLock
from bot.toolchains.port import NOTHING, Measurement, Program, TestRun, ToolchainError, Workspace
from bot.toolchains.repository import RepositoryToolchain
from bot.toolchains.results import read_bounded
from bot.toolchains.workspace import remove_tree
from bot.types import JsonModel
from bot.work.environments import Kept, Shelf, measure, pick_left
from bot.work.records import CommandRun, Reused
from bot.work.tree import Manifest, Signature, keep_bytecode, lay, list_signatures, read_written

_OUTPUT = 4000
log = structlog.get_logger(__name__)


class BaseInstallation(JsonModel):
    """The commands that installed a base, kept beside it for a restart."""

    base_sha: str
    commands: tuple[CommandRun, ...] = ()
    problem: str = ""  # why it cannot be installed: nobody tries again in this task
    reused: Reused | None = None  # installed before, for another task


class _Places(NamedTuple):
    """Names of a base's environment on the shelf of its repository."""

    shelf: Shelf
    apart: str | None  # by what decides it; None where any file may
    whole: str  # by all files


class Workshop:
    """A task's directories at one base; the toolchain is made for the tree."""

    def __init__(
        self,
        folder: Path,
        mirror: Callable[[], Awaitable[Mirror]],
        base_sha: str,
        sandbox: Sandbox,
        make_toolchain: Callable[[Path], RepositoryToolchain],
        shelf: Shelf | None = None,
    ) -> None:
        self._folder = folder
        self._mirror = mirror
        self._base_sha = base_sha
        self._sandbox = sandbox
        self._make_toolchain = make_toolchain
        self._shelf = shelf

    @property
    def tier(self) -> str:
        return self._sandbox.tier

    @property
    def env(self) -> Path:
        """Return the folder of the installed dependencies."""
        return self._folder / "env"

    async def ready(self) -> BaseInstallation:
        """Check out and install unless that was tried; return the commands.

        What is kept of the default branch is taken where it fits, and what was installed for its newest commit is kept.
        Raises :class:`ToolchainError`, each time, where it cannot be installed.
        """
        known = await asyncio.to_thread(BaseInstallation.load, self._marker)
        if known is not None and known.base_sha == self._base_sha:
            if known.problem:
                raise ToolchainError(known.problem)
            return known
        await asyncio.to_thread(remove_tree, self._folder)
        await (await self._mirror()).checkout(self._base_sha, self._pristine, Changes())
        places = await self._find_places(self._shelf) if self._shelf is not None else None
        taken = await self._take(places) if places is not None else None
        return taken or await self._install(places)

    async def _find_places(self, shelf: Shelf) -> _Places:
        mirror = await self._mirror()
        # what a link leads to may change without it
        blobs = {
            entry.path: self._base_sha if entry.kind == "link" else entry.sha
            for entry in await mirror.entries(self._base_sha)
        }
        identity = await asyncio.to_thread(lambda: self.toolchain().identify(blobs))
        tree = await mirror.tree(self._base_sha, Changes())
        return _Places(shelf, identity.digest if identity.apart else None, f"{identity.digest}-{tree}")

    async def _take(self, places: _Places) -> BaseInstallation | None:
        """Take what is kept, if anything is."""
        for name in filter(None, (places.apart, places.whole)):
            kept = await asyncio.to_thread(places.shelf.take, name, self.env, self._pristine)
            if kept is not None:
                before = Reused(base_sha=kept.base_sha, made=kept.made)
                return await self._mark(
                    BaseInstallation(base_sha=self._base_sha, commands=kept.commands, reused=before)
                )
        return None

    async def _install(self, places: _Places | None) -> BaseInstallation:
        before = await asyncio.to_thread(list_signatures, self._pristine)
        try:
            results = await self.toolchain().install(Workspace(tree=self._pristine, env=self.env))
        except ToolchainError as error:
            await self._mark(BaseInstallation(base_sha=self._base_sha, problem=error.message))
            raise
        runs = tuple(
            CommandRun(command=" ".join(one.argv), ok=one.ok, seconds=one.seconds, output=one.output[-_OUTPUT:])
            for one in results
        )
        installed = await self._mark(BaseInstallation(base_sha=self._base_sha, commands=runs))
        if places is not None and all(run.ok for run in runs):
            await self._keep(places, before, runs)
        return installed

    async def _keep(self, places: _Places, before: dict[str, Signature], runs: tuple[CommandRun, ...]) -> None:
        """Keep what was just installed, if it is all of the branch's newest."""
        complete = await asyncio.to_thread(self.toolchain().is_complete, self.env)
        if not complete or not await (await self._mirror()).is_at(places.shelf.branch, self._base_sha):
            return
        after = await asyncio.to_thread(list_signatures, self._pristine)
        left = pick_left(before, after) if places.apart is not None else None
        size = await asyncio.to_thread(measure, self.env, *([self._pristine] if left is None else []))
        kept = Kept(base_sha=self._base_sha, made=time.time(), bytes=size, commands=runs, left=left)
        name = places.whole if places.apart is None or left is None else places.apart
        try:
            await asyncio.to_thread(places.shelf.put, name, self.env, self._pristine, kept)
        except OSError as error:
            log.warning("an environment could not be kept", reason=str(error))

    async def _mark(self, installation: BaseInstallation) -> BaseInstallation:
        """Note how it went, for later steps and a restart."""
        await asyncio.to_thread(self._marker.write_text, installation.model_dump_json())
        return installation

    async def renew(self) -> None:
        """Let the next command find a fresh copy, as evidence needs."""
        await asyncio.to_thread(self._manifest.unlink, missing_ok=True)

    async def keep_bytecode(self) -> None:
        """Let later runs reuse the base's bytecode; call before any change."""
        await asyncio.to_thread(keep_bytecode, self._pristine, self._tree, self._manifest)

    async def test(
        self,
        changes: Changes,
        targets: Sequence[str] = (),
        *,
        limits: Limits | None = None,
        counted: Mapping[str, str] = NOTHING,
    ) -> TestRun:
        """Run tests on base plus changes, without network, dependencies read-only.

        ``counted`` as in the toolchain's port.
        """
        return await self.toolchain().test(await self._laid(changes), targets, limits=limits, counted=counted)

    async def run(self, command: str, changes: Changes, limits: Limits) -> CommandResult:
        """Run a model's shell line on base plus changes, without network."""
        return await self.toolchain().run(await self._laid(changes), command, limits=limits)

    async def make(
        self, command: str, changes: Changes, limits: Limits, tracked: Sequence[str], near: str = ""
    ) -> tuple[CommandResult, Changes]:
        """Run a shell line on base plus changes; return both and what it wrote.

        Only ``tracked`` files that are still regular text files count. It runs where the tests of ``near`` do.
        """
        workspace = await self._laid(changes)
        result = await self.toolchain().run(workspace, command, limits=limits, near=near)
        return result, await self._read_made(workspace, changes, tracked)

    async def keep_lock(
        self, lock: StaleLock, changes: Changes, tracked: Sequence[str], *, write: bool
    ) -> tuple[CommandResult, Changes]:
        """Let a lock file's tool renew it, or only look at it.

        Only this and installing reach the registries. Returns as :meth:`make` does. Raises :class:`ToolchainError`
        where the tool is not run here.
        """
        await self.renew()
        workspace = await self._laid(changes)
        result = await self.toolchain().keep_lock(workspace.tree, lock, write=write)
        return result, await self._read_made(workspace, changes, tracked)

    async def _read_made(self, workspace: Workspace, changes: Changes, tracked: Sequence[str]) -> Changes:
        """Add to the changes what a command wrote into tracked files."""
        known = await asyncio.to_thread(Manifest.load, self._manifest)
        entries = known.entries if known is not None else {}
        written = await asyncio.to_thread(read_written, workspace.tree, entries, tracked)
        base = await asyncio.to_thread(read_written, self._pristine, {}, list(written.keys() - changes.files.keys()))
        changed = {path: text for path, text in written.items() if base.get(path) != text}
        return Changes(files={**changes.files, **changed})

    async def report(self, command: str, near: str, changes: Changes, limits: Limits) -> tuple[CommandResult, bytes]:
        """Run a shell line where the tests of ``near`` run; return what it wrote.

        Its standard output goes to a file outside the sandbox, apart from all else; b"" where it is too long.
        """
        workspace = await self._laid(changes)
        with tempfile.TemporaryDirectory(prefix="forgehand-report-") as folder:
            file = Path(folder) / "report"
            result = await self.toolchain().run(workspace, command, limits=limits, near=near, report=file)
            return result, await asyncio.to_thread(read_bounded, file) or b""

    async def measure(self, program: Program, changes: Changes, limits: Limits) -> Measurement:
        """Run a measuring program on base plus changes, where tests run."""
        return await self.toolchain().measure(await self._laid(changes), program, limits=limits)

    async def lay_beside(self, name: str, changes: Changes) -> Workspace:
        """Lay out another tree of base plus changes, which stays for many runs."""
        return await self._lay(self._folder / f"tree-{name}", self._folder / f"laid-{name}.json", changes)

    def toolchain(self) -> RepositoryToolchain:
        """Return the toolchain of the prepared base."""
        return self._make_toolchain(self._pristine)

    @property
    def _pristine(self) -> Path:
        return self._folder / "pristine"

    @property
    def _tree(self) -> Path:
        return self._folder / "tree"

    @property
    def _manifest(self) -> Path:
        return self._folder / "laid.json"

    @property
    def _marker(self) -> Path:
        return self._folder / "installed.json"

    async def _laid(self, changes: Changes) -> Workspace:
        return await self._lay(self._tree, self._manifest, changes)

    async def _lay(self, tree: Path, manifest: Path, changes: Changes) -> Workspace:
        await self.ready()
        # Making the git tree first checks every path, symlinked parents included, before anything is written.
        await (await self._mirror()).tree(self._base_sha, changes)
        await asyncio.to_thread(lay, self._pristine, tree, manifest, changes)
        return Workspace(tree=tree, env=self.env)
