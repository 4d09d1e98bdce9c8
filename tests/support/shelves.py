"""Environments that an earlier story of this run installed, linked to where the bot of the next one looks first.

The bot decides whether one fits, by the same rules as for its own. One story of each kind installs over the network;
what installing does is shown in tests/toolchains and tests/work.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from bot.work.environments import FOLDER, KEPT

_PLACE = "TESTS_SHELF"  # the variable by which the workers of a run know the one that they share
_made: list[Path] = []


def shared() -> Path:
    """What the run shares; made here, unless whoever started this process has one."""
    if _PLACE not in os.environ:
        _made.append(Path(tempfile.mkdtemp(prefix="forgehand-environments-")))
        os.environ[_PLACE] = str(_made[-1])
    return Path(os.environ[_PLACE])


def close() -> None:
    """Remove what is shared, where it was made here."""
    while _made:
        shutil.rmtree(_made.pop(), ignore_errors=True)
        del os.environ[_PLACE]


def lend(data: Path, repository_id: int) -> None:
    """Link what was installed before into a bot's data directory, for a repository that it has not seen yet."""
    _link(shared(), data / FOLDER / str(repository_id))


def share(data: Path, repository_id: int) -> None:
    """Lend to one more repository of a bot what it installed for any so far."""
    for shelf in (data / FOLDER).glob("*"):
        _link(shelf, shared())
    lend(data, repository_id)


def collect(data: Path, repository_id: int) -> None:
    """Keep what the bot, which has ended, installed and kept."""
    _link(data / FOLDER / str(repository_id), shared())


def _link(source: Path, target: Path) -> None:
    """Link whole environments or none: another worker may bring the same one, or look for it."""
    for entry in source.glob(f"*/{KEPT}"):
        name = entry.parent.name
        if not (target / name).exists():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as aside:
                subprocess.run(["cp", "--archive", "--link", str(entry.parent), aside], check=True)
                with suppress(OSError):  # it is there by now
                    (Path(aside) / name).rename(target / name)
