"""Environments that an earlier story of this process installed, linked to where the bot of the next one looks first.

The bot decides whether one fits, by the same rules as for its own. One story of each kind installs over the network;
what installing does is shown in tests/toolchains and tests/work.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from bot.work.environments import FOLDER, KEPT


@cache
def _shared() -> Path:
    return Path(tempfile.mkdtemp(prefix="forgehand-environments-"))


def close() -> None:
    """Remove what is shared, if anything is."""
    if _shared.cache_info().currsize:
        shutil.rmtree(_shared(), ignore_errors=True)
        _shared.cache_clear()


def lend(data: Path, repository_id: int) -> None:
    """Link what was installed before into a bot's data directory, for a repository that it has not seen yet."""
    _link(_shared(), data / FOLDER / str(repository_id))


def share(data: Path, repository_id: int) -> None:
    """Lend to one more repository of a bot what it installed for any so far."""
    for shelf in (data / FOLDER).glob("*"):
        _link(shelf, _shared())
    lend(data, repository_id)


def collect(data: Path, repository_id: int) -> None:
    """Keep what the bot, which has ended, installed and kept."""
    _link(data / FOLDER / str(repository_id), _shared())


def _link(source: Path, target: Path) -> None:
    for entry in source.glob(f"*/{KEPT}"):
        if not (target / entry.parent.name).exists():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            command = ["cp", "--archive", "--link", str(entry.parent), str(target / entry.parent.name)]
            subprocess.run(command, check=True)
