"""Define how foreign code is run, and its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from bot.types import ForgehandError, JsonModel

WORK = "/work"


class SandboxError(ForgehandError):
    """Failure of a sandbox; the message says what to install."""


class SandboxRefused(SandboxError):
    """Refusal to run this code: any in ``none``, untrusted in ``process``."""


class Limits(JsonModel):
    """Ceilings of one command, in MiB; output is kept as head and tail.

    ``written``: all that it adds to the workspace and to writable mounts.
    """

    seconds: float = 600.0
    memory_mb: int = 2048
    processes: int = 256
    file_mb: int = 512
    written_mb: int = 16384
    written_files: int = 2_000_000
    tmp_mb: int = 512
    output_kb: int = 256


class Mount(JsonModel):
    """Host path shown inside at ``target``; read-only unless ``writable``."""

    source: Path
    target: str
    writable: bool = False


class CommandResult(JsonModel):
    """Result of a command; ``exit_code`` None: stopped, negative: a signal."""

    argv: tuple[str, ...]
    exit_code: int | None
    output: str
    truncated: bool
    seconds: float
    peak_mb: float | None
    ended: Literal["exit", "timeout", "memory", "disk", "cancelled"]

    @property
    def ok(self) -> bool:
        return self.ended == "exit" and self.exit_code == 0


class Network(Protocol):
    """Access to the allow-list proxy by a unix socket to bind inside."""

    @property
    def socket(self) -> Path: ...


class Sandbox(Protocol):
    """Runner of commands on a workspace (``/work``), without our secrets.

    ``report``: a file to make, which takes the command's standard output in place of the result. The code inside is not
    told of it, nor can it find it by a path.
    """

    @property
    def tier(self) -> str: ...

    async def run(
        self,
        argv: Sequence[str],
        workspace: Path,
        *,
        mounts: Sequence[Mount] = (),
        limits: Limits = Limits(),  # noqa: B008
        network: Network | None = None,
        env: Mapping[str, str] | None = None,
        report: Path | None = None,
    ) -> CommandResult: ...

    async def probe(self) -> str | None:
        """Say what is missing and how to fix it; tries the very command line."""
        ...
