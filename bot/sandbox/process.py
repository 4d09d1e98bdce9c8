"""Run trusted code with limits alone, or none at all."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot import metrics
from bot.sandbox import cgroups, processes
from bot.sandbox.disk import list_writable
from bot.sandbox.port import WORK, CommandResult, Limits, Mount, Network, SandboxRefused
from bot.sandbox.relays import wrap_in_relay
from bot.sandbox.runner import Run, wrap_in_limits

_PATH = "/usr/local/bin:/usr/bin:/bin"
_MARK = "FORGEHAND_RUN"  # by which what a run has left behind is found


class Process:
    """Tier ``process``: own session, scrubbed environment, limits.

    The code can read and write what the bot's account can. Paths below a mount's target, and below ``/work``, are
    rewritten to the real ones in arguments and environment; mounts below ``/work`` are links.
    """

    tier = "process"

    def __init__(self, *, trust_code: bool) -> None:
        self._trust_code = trust_code

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
    ) -> CommandResult:
        """Run a command of trusted code, else raise :class:`SandboxRefused`."""
        if not self._trust_code:
            raise SandboxRefused(
                "The process sandbox does not isolate: say --trust-code to run this repository's code all the same, "
                "or install bubblewrap."
            )
        inner, extra = wrap_in_relay(argv, str(network.socket)) if network else (argv, [])
        places = {mount.target: mount.source for mount in (*mounts, *extra)} | {WORK: workspace}
        with tempfile.TemporaryDirectory(prefix="forgehand-home-", ignore_cleanup_errors=True) as home:
            base = {"PATH": _PATH, "HOME": home, "TMPDIR": home, "LANG": "C.UTF-8"}
            command = [replace_paths(part, places) for part in wrap_in_limits(inner, limits, count_processes=False)]
            environment = base | {name: replace_paths(value, places) for name, value in (env or {}).items()}
            environment[_MARK] = home
            links = await asyncio.to_thread(_make_links, workspace, mounts)
            try:
                run = Run(limits, cgroups.prepare_parents(), [*list_writable(workspace, mounts), Path(home)])
                result = await run.execute(argv, command, env=environment, cwd=workspace, report=report)
            finally:
                await asyncio.to_thread(processes.kill_marked, f"{_MARK}={home}")
                await asyncio.to_thread(_remove_links, links)
        metrics.SANDBOX_RUNS.labels(self.tier, result.ended).inc()
        return result

    async def probe(self) -> str | None:
        """Return what is missing; None, as code is trusted and the tier says it."""
        return None if self._trust_code else "The process sandbox runs only with --trust-code. Install bubblewrap."


class NoSandbox:
    """Tier ``none``: runs nothing; ``reason`` says how to get a better one."""

    tier = "none"

    def __init__(self, reason: str = "Running repository code is switched off (FORGEHAND_SANDBOX=none).") -> None:
        self._reason = reason

    async def run(self, argv: Sequence[str], workspace: Path, **_: object) -> CommandResult:
        """Raise :class:`SandboxRefused`, always."""
        raise SandboxRefused(f"No repository code runs here. {self._reason}")

    async def probe(self) -> str | None:
        return self._reason


def _make_links(workspace: Path, mounts: Sequence[Mount]) -> list[Path]:
    """Link mounts below the workspace that are not inside another mount."""
    below = [mount for mount in mounts if mount.target.startswith(f"{WORK}/")]
    outer = [one for one in below if not any(one.target.startswith(f"{other.target}/") for other in below)]
    links = []
    for mount in outer:
        link = workspace / mount.target.removeprefix(f"{WORK}/")
        if link.is_dir() and not any(link.iterdir()):
            link.rmdir()
        if not link.exists():
            link.symlink_to(mount.source)
            links.append(link)
    return links


def _remove_links(links: Sequence[Path]) -> None:
    for link in links:
        link.unlink(missing_ok=True)


def replace_paths(text: str, places: Mapping[str, Path]) -> str:
    """Replace every path at or below a key, the longest, by the real place."""
    if not places:
        return text
    keys = "|".join(re.escape(key) for key in sorted(places, key=len, reverse=True))
    return re.sub(rf"(?<![\w./-])({keys})(?=[/:\s'\"]|$)", lambda found: str(places[found[1]]), text)
