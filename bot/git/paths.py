"""Refuse paths that a change may not write, before git or the disk sees them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from bot.git.errors import PathRefused

_MAX_PATH = 1024
_MAX_PART = 255
LINK = "120000"
SUBMODULE = "160000"


def check_path(path: str) -> str:
    """Return a plain relative path or raise :class:`PathRefused`."""
    reason = _fault(path)
    if reason:
        raise PathRefused(f"The path {path[:200]!r} is refused: {reason}.", path=path[:200])
    return path


def check_changes(paths: Mapping[str, bool], modes: Mapping[str, str]) -> None:
    """Refuse a set of changes that does not fit its tree.

    ``paths`` maps each changed path to whether it is written (False: deleted); ``modes`` maps each path of the tree
    to its git mode. Raises :class:`PathRefused` for a path below a file, symlink or submodule, a path that is one of
    the latter two or a directory, a deletion of nothing, and a new path that differs only by case from one that stays.
    """
    kept = {path for path in modes if paths.get(path, True)}
    directories = {parent for path in kept for parent in parents(path)}
    folded = {_fold(place): place for place in (*kept, *directories)}
    for path, written in paths.items():
        check_path(path)
        reason = _misfit(path, written, modes, kept, directories, folded)
        if reason:
            raise PathRefused(f"The path {path[:200]!r} is refused: {reason}.", path=path[:200])
        if written:
            folded.setdefault(_fold(path), path)


def can_name_a_file(path: str) -> bool:
    """Tell whether git could hold a file of this name: plain, encodable."""
    plain = not {"", ".", ".."} & set(path.split("/"))
    return plain and not any(char == "\0" or unicodedata.category(char) == "Cs" for char in path)


def parents(path: str) -> list[str]:
    """Return the folders above a path: ``a/b/c`` gives ``["a", "a/b"]``."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _fault(path: str) -> str | None:
    if not path or path.startswith("/") or len(path) > _MAX_PATH:
        return "it must be a relative path of at most 1024 characters"
    if "\\" in path or ":" in path or any(unicodedata.category(char) in {"Cc", "Cs"} for char in path):
        return "it holds a backslash, a colon or a control character"
    for part in path.split("/"):
        if part in {"", ".", ".."} or len(part.encode()) > _MAX_PART:
            return "it has an empty, too long, '.' or '..' part"
        if _is_git_dir(part):
            return "it reaches into git's own directory"
    return None


def _is_git_dir(part: str) -> bool:
    # HFS+ drops format characters, NTFS trailing dots and blanks, both ignore case: all of these open .git somewhere.
    visible = "".join(char for char in part if unicodedata.category(char) != "Cf")
    return _fold(visible).rstrip(". ") in {".git", "git~1"}


def _misfit(
    path: str, written: bool, modes: Mapping[str, str], kept: set[str], directories: set[str], folded: Mapping[str, str]
) -> str | None:
    if modes.get(path) in {LINK, SUBMODULE}:
        return "it is a symlink or a submodule, which edits do not touch"
    if not written:
        return None if path in modes else "it should be deleted but does not exist"
    if path in directories:
        return "it is a directory"
    blocking = next((parent for parent in parents(path) if parent in kept), None)
    if blocking is not None:
        return f"{blocking!r} is not a directory"
    for place in (path, *parents(path)):
        known = folded.get(_fold(place), place)
        if known != place and place not in kept and place not in directories:
            return f"it differs from {known!r} only by case"
    return None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()
