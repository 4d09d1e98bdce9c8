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
    """Refusal of a tier to run this code here.

    Tier ``none`` refuses all code, ``process`` any without ``--trust-code``.
    """


class Limits(JsonModel):
    """Ceilings of one command, in MiB; output is kept as head and tail."""

    seconds: float = 600.0
    memory_mb: int = 2048
    processes: int = 256
    file_mb: int = 512
    tmp_mb: int = 512
    output_kb: int = 256


class Mount(JsonModel):
    """Host path shown inside at ``target``; read-only unless ``writable``."""

    source: Path
    target: str
    writable: bool = False


class CommandResult(JsonModel):
    """Result of a command.

    ``exit_code`` is negative for a signal, None where it was stopped by us.
    """

    argv: tuple[str, ...]
    exit_code: int | None
    output: str
    truncated: bool
    seconds: float
    peak_mb: float | None
    ended: Literal["exit", "timeout", "memory", "cancelled"]

    @property
    def ok(self) -> bool:
        return self.ended == "exit" and self.exit_code == 0


class Network(Protocol):
    """Access to the allow-list proxy by a unix socket to bind inside."""

    @property
    def socket(self) -> Path: ...


class Sandbox(Protocol):
    """Runner of commands on a workspace that appears as ``/work``.

    It never sees a secret, never the bot's files.
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
    ) -> CommandResult: ...

    async def probe(self) -> str | None:
        """Return what is missing here and how to fix it; None where it works.

        The very command line used for work is tried.
        """
        ...
