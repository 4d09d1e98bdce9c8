"""Mount what is installed on this machine: every sandbox has /usr, and nothing else."""

from __future__ import annotations

from pathlib import Path

from bot.sandbox.port import Mount


def mount_installed(*roots: Path) -> list[Mount]:
    """Mount each folder at its own path, but for those in /usr."""
    return [Mount(source=root, target=str(root)) for root in roots if not root.is_relative_to("/usr")]
