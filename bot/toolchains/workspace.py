"""Prepare and remove directories, whatever ran in them. Blocking."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bot.toolchains.port import ToolchainError


def remove_tree(path: Path) -> None:
    """Remove ``path`` and all below it.

    Read-only directories and any depth are no obstacle; links are removed, never followed. It may be absent. Raises
    :class:`ToolchainError` where something stays.
    """
    if _remove_flat(path):
        return
    if path.is_dir() and not path.is_symlink():
        # Coreutils walk by descriptor: no depth limit, no race with a link, and links on the way are left alone.
        subprocess.run(["chmod", "-R", "u+rwX", "--", str(path)], capture_output=True, check=False)
    done = subprocess.run(["rm", "-rf", "--", str(path)], capture_output=True, check=False)
    if path.is_symlink() or path.exists():
        raise ToolchainError(f"Could not remove {path}: {done.stderr.decode(errors='replace')[-300:]}")


def _remove_flat(path: Path) -> bool:
    """Remove a folder of nothing but files, without processes for it.

    Most of what is removed is bytecode that a run left. Returns False where more than that is there: files that went
    until then were to go anyway.
    """
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        for entry in list(os.scandir(folder)):
            os.unlink(entry.name, dir_fd=folder)
        path.rmdir()
    except OSError:
        return False
    finally:
        os.close(folder)
    return True


def make_mount_point(tree: Path, place: str) -> None:
    """Make a folder to mount at; a link on the way would lead elsewhere.

    Raises :class:`ToolchainError` where there is something else.
    """
    folder = tree
    for part in place.split("/"):
        folder = folder / part
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise ToolchainError(f"`{folder.relative_to(tree)}` is no folder, so dependencies cannot be shown there.")
        folder.mkdir(exist_ok=True)
