"""Running somebody else's code: what goes in, what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from bot.types import ForgehandError, JsonModel

WORK = "/work"


class SandboxError(ForgehandError):
    """The sandbox itself could not run; the message says what to install or allow."""


class SandboxRefused(SandboxError):
    """This tier must not run this code here, e.g. tier ``none``, or ``process`` without ``--trust-code``."""


class Limits(JsonModel):
    """Ceilings for one command. Megabytes are MiB; output is kept as head and tail."""

    seconds: float = 600.0
    memory_mb: int = 2048
    processes: int = 256
    file_mb: int = 512
    tmp_mb: int = 512
    output_kb: int = 256


class Mount(JsonModel):
    """A host path shown inside at ``target``; read-only unless ``writable``."""

    source: Path
    target: str
    writable: bool = False


class CommandResult(JsonModel):
    """What a command did. ``exit_code`` is negative for a signal, None where it was stopped by us."""

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
    """Access to the allow-list proxy: the unix socket to bind inside; None means no network at all."""

    @property
    def socket(self) -> Path: ...


class Sandbox(Protocol):
    """Runs one command on a workspace that appears as ``/work``. Never sees a secret, never the bot's files."""

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
        """None where the very command line used for work runs here; else what is missing and how to mend it."""
        ...
