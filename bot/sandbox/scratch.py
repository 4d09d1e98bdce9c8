"""Throw-away directories for one task, and their removal whatever the code that ran in them left behind."""

from __future__ import annotations

import asyncio
import re
import secrets
from pathlib import Path

from bot.sandbox.port import SandboxError


def task_directory(data_dir: Path, task: str) -> Path:
    """``data_dir/work/<task>``, not made yet; raises :class:`SandboxError` for a name that could leave it."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,100}", task):
        raise SandboxError(f"{task!r} cannot name a directory.")
    return data_dir / "work" / task


def fresh_directory(data_dir: Path, task: str, name: str) -> Path:
    """A new empty directory below the task's, mode 0700; its name starts with ``name``."""
    parent = task_directory(data_dir, task)
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = parent / f"{name}-{secrets.token_hex(4)}"
    directory.mkdir(mode=0o700)
    return directory


async def remove_tree(path: Path) -> None:
    """Remove ``path`` and all below it: read-only directories, any depth; links are removed, never followed.

    Raises :class:`SandboxError` where something stays.
    """
    if path.is_dir() and not path.is_symlink():
        # coreutils walk by descriptor: no depth limit, no race with a link; links met on the way are left alone
        await _quietly("chmod", "-R", "u+rwX", "--", str(path))
    said = await _quietly("rm", "-rf", "--", str(path))
    if path.is_symlink() or path.exists():
        raise SandboxError(f"Could not remove {path}: {said[-300:]}")


async def _quietly(*argv: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, errors = await process.communicate()
    return errors.decode(errors="replace").strip()
