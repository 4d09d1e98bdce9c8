"""Run what keeps a lock file in the sandbox, with the registries and nothing else."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.port import CommandResult, Limits, Mount, Sandbox
from bot.sandbox.proxy import CA_TARGET, RegistryProxy, find_certificates
from bot.settings import Settings
from bot.toolchains.lock_files import LockTool, StaleLock, get_tool
from bot.toolchains.node import programs
from bot.toolchains.port import ToolchainError
from bot.toolchains.python import commands
from bot.toolchains.python.interpreters import find_interpreters, find_uv
from bot.toolchains.session import ENV, run_in
from bot.toolchains.workspace import remove_tree

_LIMITS = Limits(seconds=600, memory_mb=4096, processes=512, file_mb=1024, tmp_mb=1024)


@dataclass(frozen=True)
class _Place:
    """Mounts and variables that a tool needs, and how it is called inside."""

    program: str
    mounts: Sequence[Mount]
    env: Mapping[str, str]


def require_tool(tool: LockTool) -> None:
    """Raise :class:`ToolchainError` where a tool is not run here. Blocking."""
    if not tool.check:
        raise ToolchainError(f"I do not run {tool.name} for this.")
    if tool.name == "npm" and (programs.find_node() is None or shutil.which("npm") is None):
        raise ToolchainError("npm is not on this machine.")
    if tool.name == "uv" and find_uv() is None:
        raise ToolchainError("uv is not on this machine.")


async def run_tool(
    lock: StaleLock, tree: Path, sandbox: Sandbox, settings: Settings, *, write: bool
) -> tuple[CommandResult, Sequence[str]]:
    """Let a lock file's tool renew it in ``tree``, or only look at it.

    Returns the result, and the hosts that it asked for in vain. The registries are those that the repository names: an
    operator's own index would be written into the file. Raises :class:`ToolchainError` where the tool is not run here.
    """
    tool = get_tool(lock)
    await asyncio.to_thread(require_tool, tool)
    place = await asyncio.to_thread(_prepare, tool)
    argv = [place.program, *(tool.renew if write else tool.check)[1:]]
    scratch = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="forgehand-lock-"))
    bundle, certificates = find_certificates()
    mounts = [Mount(source=scratch, target=ENV, writable=True), *place.mounts, *bundle]
    env = {**place.env, **certificates}
    env |= dict.fromkeys(("NODE_EXTRA_CA_CERTS", "npm_config_cafile"), CA_TARGET) if bundle else {}
    try:
        async with RegistryProxy.from_settings(settings) as proxy:
            result = await sandbox.run(
                run_in(lock.folder, argv), tree, mounts=mounts, limits=_LIMITS, network=proxy, env=env
            )
            return result, list(proxy.refused)
    finally:
        await asyncio.to_thread(remove_tree, scratch)


def _prepare(tool: LockTool) -> _Place:
    if tool.name == "npm":
        node = programs.find_node()
        own = node.mounts() if node is not None else []
        env = {"npm_config_cache": f"{ENV}/npm", "npm_config_loglevel": "error", "npm_config_update_notifier": "false"}
        return _Place("npm", own, env | _make_path([f"{one.target}/bin" for one in own]))
    uv = find_uv()
    program = [Mount(source=uv, target=commands.UV)] if uv is not None else []
    interpreters = find_interpreters()
    folders = [str(one.program.parent) for one in interpreters]
    env = {"UV_CACHE_DIR": f"{ENV}/uv", "UV_PYTHON_DOWNLOADS": "never", "UV_HTTP_TIMEOUT": "120"}
    env |= _make_path(folders)
    return _Place(commands.UV, [*program, *(mount for one in interpreters for mount in one.mounts())], env)


def _make_path(folders: Sequence[str]) -> dict[str, str]:
    return {"PATH": ":".join(dict.fromkeys([*folders, "/usr/local/bin", "/usr/bin", "/bin"]))}
