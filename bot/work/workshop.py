"""Keep one warm directory a task: installed once, laid out before every use, rebuilt where a step finds it missing.

``pristine`` is the base as the install phase left it, before a model said anything; ``tree`` is what commands see.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.sandbox.port import CommandResult, Limits, Sandbox
from bot.toolchains.port import Measurement, Program, TestRun, Toolchain, ToolchainError, Workspace
from bot.toolchains.workspace import remove_tree
from bot.types import JsonModel
from bot.work.records import CommandRun
from bot.work.tree import keep_bytecode, lay

_OUTPUT = 4000


class BaseInstallation(JsonModel):
    """The commands that installed a base, kept beside it for a restart."""

    base_sha: str
    commands: tuple[CommandRun, ...] = ()
    problem: str = ""  # why it cannot be installed: nobody tries again in this task


class Workshop:
    """A task's directories at one base; the toolchain is made for the tree."""

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

    @property
    def env(self) -> Path:
        """Return the folder of the installed dependencies."""
        return self._folder / "env"

    async def ready(self) -> BaseInstallation:
        """Check out and install unless that was tried; return the commands.

        Raises :class:`ToolchainError`, each time, where it cannot be installed.
        """
        known = await asyncio.to_thread(BaseInstallation.load, self._marker)
        if known is not None and known.base_sha == self._base_sha:
            if known.problem:
                raise ToolchainError(known.problem)
            return known
        await asyncio.to_thread(remove_tree, self._folder)
        await (await self._mirror()).checkout(self._base_sha, self._pristine, Changes())
        try:
            results = await self.toolchain().install(Workspace(tree=self._pristine, env=self.env))
        except ToolchainError as error:
            failed = BaseInstallation(base_sha=self._base_sha, problem=error.message)
            await asyncio.to_thread(self._marker.write_text, failed.model_dump_json())
            raise
        runs = (
            CommandRun(command=" ".join(one.argv), ok=one.ok, seconds=one.seconds, output=one.output[-_OUTPUT:])
            for one in results
        )
        installed = BaseInstallation(base_sha=self._base_sha, commands=tuple(runs))
        await asyncio.to_thread(self._marker.write_text, installed.model_dump_json())
        return installed

    async def renew(self) -> None:
        """Let the next command find a fresh copy, as evidence needs."""
        await asyncio.to_thread(self._manifest.unlink, missing_ok=True)

    async def keep_bytecode(self) -> None:
        """Let later runs reuse the base's bytecode; call before any change."""
        await asyncio.to_thread(keep_bytecode, self._pristine, self._tree, self._manifest)

    async def test(self, changes: Changes, targets: Sequence[str] = (), *, limits: Limits | None = None) -> TestRun:
        """Run tests on base plus changes, without network, dependencies read-only."""
        return await self.toolchain().test(await self._laid(changes), targets, limits=limits)

    async def run(self, command: str, changes: Changes, limits: Limits) -> CommandResult:
        """Run a model's shell line on base plus changes, without network."""
        return await self.toolchain().run(await self._laid(changes), command, limits=limits)

    async def measure(self, program: Program, changes: Changes, limits: Limits) -> Measurement:
        """Run a measuring program on base plus changes, where tests run."""
        return await self.toolchain().measure(await self._laid(changes), program, limits=limits)

    def toolchain(self) -> Toolchain:
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
        await self.ready()
        # Making the git tree first checks every path, symlinked parents included, before anything is written.
        await (await self._mirror()).tree(self._base_sha, changes)
        await asyncio.to_thread(lay, self._pristine, self._tree, self._manifest, changes)
        return Workspace(tree=self._tree, env=self.env)
