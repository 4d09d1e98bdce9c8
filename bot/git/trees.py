"""Empty directories before a checkout and make them harmless after it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bot.git.errors import PathRefused


def prepare_directory(dest: Path) -> None:
    """Make ``dest`` an empty directory, without following links in it."""
    if dest.is_symlink() or (dest.exists() and not dest.is_dir()):
        raise PathRefused(f"{dest} is not a directory of its own; a tree is not written through it.", path=str(dest))
    dest.mkdir(parents=True, exist_ok=True)
    for child in dest.iterdir():
        if child.is_dir() and not child.is_symlink():
            shutil.rmtree(child, onerror=_open_and_retry)
        else:
            child.unlink()


def tame_links(dest: Path, links: Iterable[str]) -> None:
    """Replace each symlink out of ``dest`` by a file with its target."""
    root = os.path.realpath(dest)
    for link in links:
        place = dest / link
        if not place.is_symlink():
            continue
        real = os.path.realpath(place)
        if real != root and not real.startswith(root + os.sep):
            target = place.readlink()
            place.unlink()
            place.write_text(str(target))


def _open_and_retry(function: Callable[..., Any], path: str, _error: Any) -> None:
    # A test run may leave directories without write permission; they are ours all the same.
    for place in (Path(path).parent, Path(path)):
        if not place.is_symlink():
            place.chmod(stat.S_IRWXU)
    if function is os.unlink:
        Path(path).unlink()
    else:
        shutil.rmtree(path)
