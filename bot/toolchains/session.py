"""Run the commands of one test run: they share scratch folders, results and time."""

from __future__ import annotations

import asyncio
import posixpath
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.sandbox.port import WORK, CommandResult, Limits, Mount, Sandbox
from bot.toolchains.placeholders import RESULTS
from bot.toolchains.port import Workspace
from bot.toolchains.results import ResultsChannel, open_channel, read_bounded
from bot.toolchains.rounds import Round
from bot.toolchains.workspace import remove_tree

# The environment's place in the sandbox.
ENV = "/env"
# Seconds that a command gets after the run's own are used up, to say so by its own result.
_LEAST_SECONDS = 1.0
# Words that go before a command which runs in a folder.
_WRAPPED = 5


def run_in(folder: str, argv: Sequence[str]) -> list[str]:
    """Wrap a command to run in a folder of the tree."""
    if not folder:
        return list(argv)
    return ["/bin/sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", posixpath.join(WORK, folder), *argv]


def split_folder(argv: Sequence[str]) -> tuple[str, list[str]]:
    """Return the folder and the command that :func:`run_in` wrapped."""
    if list(argv[:2]) != ["/bin/sh", "-c"] or len(argv) <= _WRAPPED:
        return "", list(argv)
    return posixpath.relpath(argv[_WRAPPED - 1], WORK), list(argv[_WRAPPED:])


@dataclass(frozen=True)
class Session:
    """Test run of the unit at ``root``; ``channel`` takes signed results.

    ``counted`` are the files whose lines are counted.
    """

    root: str
    workspace: Workspace
    limits: Limits
    channel: ResultsChannel
    sandbox: Sandbox
    mounts: Sequence[Mount]
    env: Mapping[str, str]
    reports: Path
    started: float
    counted: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Return the seconds that are left of the run's limit."""
        return max(self.limits.seconds - (time.monotonic() - self.started), _LEAST_SECONDS)

    async def run(
        self, argv: Sequence[str], *, report: str | Path | None = None, env: Mapping[str, str] | None = None
    ) -> CommandResult:
        """Run a command in the unit's folder, without network.

        Where ``report`` is a name, standard output goes to a file that :meth:`read_report` reads, and the result holds
        what was written to standard error. A whole path is a file of the caller's.
        """
        return await self.sandbox.run(
            run_in(self.root, argv),
            self.workspace.tree,
            mounts=self.mounts,
            limits=self.limits.model_copy(update={"seconds": self.seconds}),
            env={**self.env, **(env or {})},
            report=self.reports / report if report else None,
        )

    async def record(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None) -> Round:
        """Run a command whose reporter signs records, with a key of its own."""
        async with open_channel() as channel:
            own = Mount(source=channel.directory, target=RESULTS, writable=True)
            result = await replace(self, mounts=[*self.mounts, own]).run(argv, env=env)
            return Round(result, await asyncio.to_thread(lambda: list(channel.read() or ())))

    def read_report(self, name: str) -> bytes:
        """Return a command's output, b"" where it is too long. Blocking."""
        return read_bounded(self.reports / name) or b""


@asynccontextmanager
async def open_session(
    root: str,
    workspace: Workspace,
    limits: Limits,
    sandbox: Sandbox,
    *,
    mounts: Sequence[Mount],
    env: Mapping[str, str],
    written: Sequence[str],
    counted: tuple[str, ...] = (),
) -> AsyncIterator[Session]:
    """Make the folders of one run, and remove them.

    The environment is read-only but for copies of its folders in ``written``, so that no run plants anything for a
    later one.
    """
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forgehand-scratch-"))
    try:
        copies = await asyncio.to_thread(_copy_folders, workspace.env, scratch, written)
        async with open_channel() as channel:
            own = [
                *mounts,
                Mount(source=workspace.env, target=ENV),
                *copies,
                Mount(source=channel.directory, target=RESULTS, writable=True),
            ]
            started = time.monotonic()
            yield Session(root, workspace, limits, channel, sandbox, own, env, scratch, started, counted)
    finally:
        await asyncio.to_thread(remove_tree, scratch)


def _copy_folders(env: Path, scratch: Path, names: Sequence[str]) -> list[Mount]:
    """Copy folders of the environment, times included, and mount the copies."""
    mounts = []
    for name in names:
        source = env / name
        source.mkdir(parents=True, exist_ok=True)
        copy = scratch / "written" / name
        shutil.copytree(source, copy, symlinks=True)
        mounts.append(Mount(source=copy, target=f"{ENV}/{name}", writable=True))
    return mounts
