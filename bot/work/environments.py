"""Keep what was installed for a repository's default branch, so that later tasks need not install it again.

A task gets hard links to it: its own folder can be removed, and so can what is kept, without regard for the other.
Links are safe because no command can write to an environment once it is installed: it is mounted read-only.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from bot.toolchains.workspace import remove_tree
from bot.types import JsonModel
from bot.work.records import CommandRun
from bot.work.tree import Signature

_DAY = 86_400.0  # seconds
# What is not pinned has newer versions by then.
OLDEST = 7 * _DAY
FOLDER = "environments"  # in the data directory: a shelf for each repository
KEPT = "kept.json"
ASIDE = "aside-"  # how folders begin that are being made, or removed
_ENV = "env"
_TREE = "tree"
# What an install may leave in any tree of the same dependencies: a repository for builds that ask, names and versions.
_CARRIED = (".git", "*.egg-info", "_version.py", "__pycache__")


class Kept(JsonModel):
    """An environment that is kept, with the commands that made it.

    ``made`` is in seconds since the epoch. ``left`` is what install left in the tree, None where all of it is kept.
    """

    base_sha: str
    made: float
    bytes: int
    commands: tuple[CommandRun, ...]
    left: tuple[str, ...] | None


class Shelf:
    """The environments that are kept of one repository. All of it blocks.

    Where two processes keep the same, the first one's stays. ``branch`` is the only one of which anything is kept.
    """

    def __init__(self, folder: Path, branch: str) -> None:
        self._folder = folder
        self.branch = branch

    def put(self, name: str, env: Path, tree: Path, kept: Kept) -> None:
        """Keep an environment, at once or not at all; raises :class:`OSError`."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=ASIDE, dir=self._folder))
        try:
            _link(env, aside / _ENV)
            if kept.left is None:
                _link(tree, aside / _TREE)
            for path in kept.left or ():
                (aside / _TREE / path).parent.mkdir(parents=True, exist_ok=True)
                _link(tree / path, aside / _TREE / path)
            (aside / KEPT).write_text(kept.model_dump_json())
            os.sync()  # what a power cut leaves half-written must not stand under its name
            if not (self._folder / name).exists():
                aside.rename(self._folder / name)
        finally:
            remove_tree(aside)

    def take(self, name: str, env: Path, tree: Path) -> Kept | None:
        """Link what is kept to ``env`` and into ``tree``; None if nothing is."""
        entry = self._folder / name
        kept = Kept.load(entry / KEPT)
        if kept is None or not 0 <= time.time() - kept.made < OLDEST:
            return None
        taken = tree.with_name("taken")
        try:
            inode = entry.stat().st_ino
            _link(entry / _ENV, env)
            if kept.left != ():
                _link(entry / _TREE, taken)
            os.utime(entry / KEPT)
            # removed meanwhile, it may have been linked in part: whoever removes renames first
            whole = entry.stat().st_ino == inode
        except OSError:
            whole = False
        if not whole:
            remove_tree(env)
            remove_tree(taken)
            return None
        _bring(taken, tree, kept.left)
        return kept


def pick_left(before: Mapping[str, Signature], after: Mapping[str, Signature]) -> tuple[str, ...] | None:
    """Return what an install left in a tree if any tree can have it, or None."""
    new = after.keys() - before.keys()
    roots = sorted(path for path in new if path.rpartition("/")[0] not in new)
    carried = all(any(fnmatchcase(path.rpartition("/")[2], name) for name in _CARRIED) for path in roots)
    return tuple(roots) if carried and all(after.get(path) == known for path, known in before.items()) else None


def measure(*folders: Path) -> int:
    """Return the bytes that folders take on the disk. Blocking."""
    done = subprocess.run(["du", "-skc", "--", *map(str, folders)], capture_output=True, text=True, check=False)
    lines = done.stdout.splitlines()
    return int(lines[-1].split()[0]) * 1024 if lines else 0


def _bring(taken: Path, tree: Path, left: tuple[str, ...] | None) -> None:
    """Put into a tree what was kept beside its environment."""
    if left is None:
        remove_tree(tree)
        taken.rename(tree)
    for path in left or ():
        target = tree / path
        # the folder may be gone in this tree, or a link that leads elsewhere
        own = target.parent.is_dir() and target.parent.resolve() == tree.resolve() / Path(path).parent
        if own and not os.path.lexists(target):
            (taken / path).rename(target)
    remove_tree(taken)


def _link(source: Path, target: Path) -> None:
    """Copy a tree by hard links; raises :class:`OSError`."""
    # coreutils walk by descriptor: no depth limit, and links on the way are left alone
    done = subprocess.run(
        ["cp", "--archive", "--link", "--no-target-directory", "--", str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise OSError(f"Could not link {source} to {target}: {done.stderr[-300:]}")
