"""Install a unit by the commands of its adapter. Only here do commands have a network."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.port import CommandResult, Limits, Mount
from bot.sandbox.proxy import CA_TARGET, RegistryProxy, find_certificates
from bot.toolchains import submodules
from bot.toolchains.language import Adapter, Install, Tools
from bot.toolchains.port import ToolchainError, Workspace
from bot.toolchains.session import ENV, run_in

# Compiling what a project depends on takes minutes and gigabytes.
_LIMITS = Limits(seconds=1200, memory_mb=4096, processes=512, file_mb=4096, tmp_mb=2048)
# Characters of a failure's output that the error shows, from its end.
_TAIL = 3000


@dataclass(frozen=True)
class Installer:
    """Installer of one unit."""

    adapter: Adapter
    tools: Tools

    async def install(self, workspace: Workspace) -> Sequence[CommandResult]:
        """Install into ``workspace.env``.

        Returns what ran, failed attempts included, as a person would type it. Raises :class:`ToolchainError` with the
        first failure's last lines where every attempt fails.
        """
        workspace.env.mkdir(parents=True, exist_ok=True)
        setup = self.tools.checks.setup
        plan = await asyncio.to_thread(self.adapter.plan_install)
        attempts = [[["/bin/sh", "-c", setup]]] if setup else plan.attempts
        root = self.tools.folder if setup else self.adapter.unit.root
        shown: list[CommandResult] = []
        failed: list[CommandResult] = []
        refused: list[str] = []
        for steps in attempts:
            results = await self._run(workspace, plan, root, steps, refused)
            shown += [one.model_copy(update={"argv": (render(one.argv, root),)}) for one in results]
            if results[-1].ok:
                return shown
            failed.append(shown[-1])
        if failed:
            notes = await asyncio.to_thread(submodules.describe_missing, workspace.tree)
            raise make_error(failed[0], refused, notes)
        return shown

    async def _run(
        self, workspace: Workspace, plan: Install, root: str, steps: Sequence[Sequence[str]], refused: list[str]
    ) -> list[CommandResult]:
        """Run steps up to the first that fails; collect what hosts were refused."""
        host = await asyncio.to_thread(self.adapter.mounts)
        bundle, certificates = find_certificates()
        mounts = [Mount(source=workspace.env, target=ENV, writable=True), *host, *bundle]
        env = {**self.adapter.environment(), **plan.env, **certificates}
        env |= dict.fromkeys(plan.authorities, CA_TARGET) if bundle else {}
        results: list[CommandResult] = []
        async with RegistryProxy.from_settings(self.tools.settings) as proxy:
            for argv in steps:
                result = await self.tools.sandbox.run(
                    run_in(root, argv), workspace.tree, mounts=mounts, limits=_LIMITS, network=proxy, env=env
                )
                results.append(result.model_copy(update={"argv": tuple(argv)}))
                if not result.ok:
                    refused += [host for host in proxy.refused if host not in refused]
                    break
        return results


def render(argv: Sequence[str], root: str = "") -> str:
    """Render what a person would type at the root of the repository."""
    line = argv[2] if list(argv[:2]) == ["/bin/sh", "-c"] and len(argv) == 3 else shlex.join(argv)
    return f"(cd {shlex.quote(root)} && {line})" if root else line


def make_error(result: CommandResult, refused: Sequence[str], notes: Sequence[str]) -> ToolchainError:
    """Make the error of an install: its last lines, the hosts it lacked."""
    output = result.output.strip()[-_TAIL:]
    why = "" if result.ended == "exit" else f" (stopped: {result.ended})"
    hosts = f"\nRefused hosts: {', '.join(refused)}; an operator can allow them in `registries`." if refused else ""
    more = "".join(f"\n{note}" for note in notes)
    return ToolchainError(f"`{' '.join(result.argv)}` failed{why}:\n{output}{hosts}{more}")
