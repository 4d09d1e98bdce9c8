"""One warm directory a task: installed once, reset before every use, rebuilt wherever a step finds it missing.

``pristine`` is the base as the install phase left it, before a model said anything; ``tree`` is what commands see.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bot.change.records import Ran
from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.sandbox.port import CommandResult, Limits, Sandbox
from bot.toolchains.port import TestRun, Toolchain, Workspace
from bot.toolchains.workspace import remove_tree

_OUTPUT = 4000
_READY = "ready"


class Workshop:
    """The directories of one task at one base commit. ``toolchain`` is made for the tree once that exists."""

    def __init__(
        self,
        folder: Path,
        mirror: Callable[[], Awaitable[Mirror]],
        base_sha: str,
        sandbox: Sandbox,
        make_toolchain: Callable[[Path], Toolchain],
    ) -> None:
        self._folder = folder
        self._mirror = mirror
        self._base_sha = base_sha
        self._sandbox = sandbox
        self._make_toolchain = make_toolchain

    @property
    def tier(self) -> str:
        return self._sandbox.tier

    async def ready(self) -> tuple[Ran, ...]:
        """Check out and install unless that was done; the install commands that ran now."""
        marker = self._folder / _READY
        if marker.exists() and marker.read_text() == self._base_sha:
            return ()
        await asyncio.to_thread(remove_tree, self._folder)
        await (await self._mirror()).checkout(self._base_sha, self._pristine, Changes())
        workspace = Workspace(tree=self._pristine, env=self._folder / "env")
        results = await self._make_toolchain(self._pristine).install(workspace)
        marker.write_text(self._base_sha)
        return tuple(_ran(result) for result in results)

    async def test(self, changes: Changes, targets: Sequence[str] = (), *, limits: Limits | None = None) -> TestRun:
        """Run tests on base plus changes in the warm tree, which is reset first."""
        return await self._test("tree", changes, targets, limits=limits, final=False)

    async def test_fresh(
        self, changes: Changes, targets: Sequence[str] = (), *, limits: Limits | None = None
    ) -> TestRun:
        """The same in a fresh tree with dependencies mounted read-only: what the gates rely on."""
        return await self._test("fresh", changes, targets, limits=limits, final=True)

    async def run(self, command: str, changes: Changes, limits: Limits) -> CommandResult:
        """A shell line of the model's in the sandbox, on base plus changes, without network."""
        workspace = await self._laid("tree", changes)
        toolchain = self._make_toolchain(self._pristine)
        return await toolchain.run(workspace, command, limits=limits)

    def toolchain(self) -> Toolchain:
        """The toolchain of the prepared base."""
        return self._make_toolchain(self._pristine)

    async def discard(self) -> None:
        """Remove everything; a later step would build it again."""
        await asyncio.to_thread(remove_tree, self._folder)

    @property
    def _pristine(self) -> Path:
        return self._folder / "pristine"

    async def _test(
        self, name: str, changes: Changes, targets: Sequence[str], *, limits: Limits | None, final: bool
    ) -> TestRun:
        workspace = await self._laid(name, changes)
        return await self.toolchain().test(workspace, targets, limits=limits, final=final)

    async def _laid(self, name: str, changes: Changes) -> Workspace:
        """A tree that is exactly the pristine base plus changes, whatever an earlier command left there."""
        await self.ready()
        # Making the git tree first checks every path, symlinked parents included, before anything is written.
        await (await self._mirror()).tree(self._base_sha, changes)
        tree = self._folder / name
        await asyncio.to_thread(_lay, self._pristine, tree, changes)
        return Workspace(tree=tree, env=self._folder / "env")


def _lay(pristine: Path, tree: Path, changes: Changes) -> None:
    remove_tree(tree)
    shutil.copytree(pristine, tree, symlinks=True)
    for path, text in changes.files.items():
        target = tree / path
        if text is None:
            target.unlink(missing_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_bytes(text.encode())


def _ran(result: CommandResult) -> Ran:
    return Ran(command=" ".join(result.argv), ok=result.ok, seconds=result.seconds, output=result.output[-_OUTPUT:])
