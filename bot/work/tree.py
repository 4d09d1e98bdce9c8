"""Lay out a tree as base plus changes, and lay it out again by repairing only what a command touched.

What a command touched is seen by size, times and inode of each entry: the kernel sets ``ctime`` at every write, and no
program can set it back (https://man7.org/linux/man-pages/man7/inode.7.html).
"""

from __future__ import annotations

import glob
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.git.changes import Changes
from bot.git.errors import PathRefused
from bot.git.paths import parents
from bot.toolchains.workspace import remove_tree
from bot.types import JsonModel

Signature = tuple[int, ...]
_CACHE = "__pycache__"
_LARGEST = 2 * 1024 * 1024


class Manifest(JsonModel):
    """Entries of a tree as laid out; ``changed`` ones differ from the base."""

    entries: dict[str, Signature]
    changed: tuple[str, ...]


def lay(pristine: Path, tree: Path, manifest: Path, changes: Changes) -> None:
    """Make ``tree`` the pristine base plus changes, whatever was left there.

    Without a manifest everything is copied; so it is where the tree cannot be read any more. The manifest is gone while
    this runs, so that a process that dies midway leaves none.
    """
    known = Manifest.load(manifest)
    manifest.unlink(missing_ok=True)
    entries = _mend(pristine, tree, known) if known is not None else None
    if entries is None:
        remove_tree(tree)
        shutil.copytree(pristine, tree, symlinks=True, ignore=_special_files)
        entries = list_signatures(tree)
    for path, text in changes.files.items():
        _put(tree, tree / path, text)
        _note(tree, path, entries)
    made = [part for path in changes.files for part in _parts(path) if not os.path.lexists(pristine / part)]
    laid = Manifest(entries=entries, changed=tuple(dict.fromkeys([*made, *changes.files])))
    manifest.write_text(laid.model_dump_json())


def keep_bytecode(pristine: Path, tree: Path, manifest: Path) -> None:
    """Add to the base the bytecode that a run of nothing but the base left.

    Compiling, and pytest's rewriting of asserts, is then done once and not in every run. Python takes bytecode only for
    a source of the same size and second, so sources keep their times wherever they are copied. Call it only before
    anything else than the base has run in ``tree``.
    """
    known = Manifest.load(manifest)
    if known is None or known.changed:
        return
    found = list_signatures(tree)
    kept = dict(known.entries)
    for path in sorted(found.keys() - known.entries.keys()):
        folder = path.rpartition("/")[0]
        source = _source_of(path)
        unchanged = source in known.entries and found.get(source) == known.entries[source]
        # a run may have put a folder where the base has a link
        own = known.entries.get(folder, found.get(folder)) == found.get(folder) and stat.S_ISREG(found[path][0])
        if unchanged and own and not os.path.lexists(pristine / path):
            (pristine / folder).mkdir(exist_ok=True)
            shutil.copy2(tree / path, pristine / path, follow_symlinks=False)
            kept |= {folder: found[folder], path: found[path]}
    manifest.write_text(Manifest(entries=kept, changed=()).model_dump_json())


def _source_of(path: str) -> str:
    """Return the file that bytecode was made of; "" for anything else."""
    folder, _, name = path.rpartition("/")
    above, _, cache = folder.rpartition("/")
    if cache != _CACHE or not name.endswith(".pyc"):
        return ""
    return f"{above}/{name.partition('.')[0]}.py".removeprefix("/")


def _mend(pristine: Path, tree: Path, known: Manifest) -> dict[str, Signature] | None:
    """Bring a tree back to the base, or None where a new copy is better."""
    entries = dict(known.entries)
    try:
        _remove_foreign(tree, "", entries, frozenset(known.changed))
        for path in known.changed:
            _restore(pristine, tree, path, entries)
        for path in [path for path in entries if not os.path.lexists(tree / path)]:
            _restore(pristine, tree, path, entries)
    except OSError:
        return None
    return entries


def _remove_foreign(tree: Path, folder: str, entries: dict[str, Signature], changed: frozenset[str]) -> None:
    """Delete what is not as it was laid out. No link is followed."""
    for entry in list(os.scandir(tree / folder)):
        path = f"{folder}/{entry.name}" if folder else entry.name
        if path in changed or entries.get(path) != _signature(entry.stat(follow_symlinks=False)):
            _remove(tree / path)
        elif entry.is_dir(follow_symlinks=False):
            _remove_foreign(tree, path, entries, changed)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:
        path.unlink(missing_ok=True)


def _restore(pristine: Path, tree: Path, path: str, entries: dict[str, Signature]) -> None:
    """Put back a path of the base, parents first; forget a change's own."""
    source = pristine / path
    target = tree / path
    if os.path.lexists(target):
        return
    if not os.path.lexists(source):
        entries.pop(path, None)
        return
    if (parent := path.rpartition("/")[0]) and not target.parent.exists():
        _restore(pristine, tree, parent, entries)
    if source.is_dir() and not source.is_symlink():
        target.mkdir()
        shutil.copystat(source, target)
    else:
        shutil.copy2(source, target, follow_symlinks=False)
    entries[path] = _signature(target.lstat())


def _note(tree: Path, path: str, entries: dict[str, Signature]) -> None:
    """Record what was just put at a path, and the folders made on the way."""
    for part in _parts(path):
        if os.path.lexists(tree / part):
            entries[part] = _signature((tree / part).lstat())
        else:
            entries.pop(part, None)


def _parts(path: str) -> list[str]:
    """Return the folders on the way to a path, outermost first, and the path."""
    return [*parents(path), path]


def list_signatures(tree: Path, folder: str = "") -> dict[str, Signature]:
    """Return what tells each entry below a folder from itself before a write."""
    found: dict[str, Signature] = {}
    for entry in os.scandir(tree / folder):
        path = f"{folder}/{entry.name}" if folder else entry.name
        found[path] = _signature(entry.stat(follow_symlinks=False))
        if entry.is_dir(follow_symlinks=False):
            found |= list_signatures(tree, path)
    return found


def read_written(tree: Path, entries: Mapping[str, Signature], paths: Sequence[str]) -> dict[str, str]:
    """Read files that are not as laid out; no link is followed.

    What is too large for a change, or no text, is left out.
    """
    found: dict[str, str] = {}
    for path in paths:
        file = tree / path
        if not os.path.lexists(file) or file.resolve() != tree.resolve() / path:
            continue
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST or entries.get(path) == _signature(status):
            continue
        try:
            found[path] = file.read_bytes().decode()
        except UnicodeDecodeError:
            continue
    return found


def _signature(status: os.stat_result) -> Signature:
    """Return what tells an entry from itself before a write; a folder's mode."""
    if stat.S_ISDIR(status.st_mode):
        return (status.st_mode,)
    return (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _put(tree: Path, target: Path, text: str | None) -> None:
    """Write or delete one file; a link in its way is not followed."""
    if not target.parent.resolve().is_relative_to(tree.resolve()):
        raise PathRefused(f"{target.relative_to(tree)} lies behind a link that leads out of the repository.", path=None)
    target.parent.mkdir(parents=True, exist_ok=True)
    _forget_bytecode(target)
    mode = stat.S_IMODE(target.lstat().st_mode) if target.is_file() and not target.is_symlink() else 0o644
    target.unlink(missing_ok=True)
    if text is not None:
        target.write_bytes(text.encode())
        target.chmod(mode)


def _forget_bytecode(source: Path) -> None:
    """Remove what was compiled of a text that is replaced."""
    cache = source.parent / _CACHE
    # the new text may have the old one's size and second
    for made in [] if cache.is_symlink() else list(cache.glob(f"{glob.escape(source.stem)}.*.pyc")):
        made.unlink()


def _special_files(folder: str, names: list[str]) -> list[str]:
    """Name left pipes, sockets and devices, which cannot be copied."""
    ordinary = {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}
    return [name for name in names if stat.S_IFMT((Path(folder) / name).lstat().st_mode) not in ordinary]
