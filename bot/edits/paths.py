"""Resolve a path of an answer, and refuse those that no edit may touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from difflib import get_close_matches
from pathlib import PurePosixPath

from bot.edits.values import make_refusal

# Paths that are compared for a suggestion: all of a huge repository would take seconds.
_COMPARED = 5_000
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:|^~")


def resolve(named: str, paths: Collection[str], *, edit: int, whole: bool = False) -> str:
    """Return the repository path meant by ``named``.

    That is the path itself, without a diff's ``a/``, or the only one that ends alike. With ``whole`` it must be written
    out. Raises EditRefused where no file or several are meant.
    """
    plain = clean_path(named, edit=edit, absolute=True)
    for guess in (plain, re.sub(r"^[ab]/", "", plain)):
        if guess in paths:
            return guess
    tail = f"/{plain}"
    alike = [path for path in paths if path.endswith(tail)] or [
        path for path in paths if "/" in path and tail.endswith(f"/{path}")
    ]
    if len(alike) == 1 and not whole:
        return alike[0]
    raise _unknown(named, alike, paths, edit)


def _unknown(named: str, alike: list[str], paths: Collection[str], edit: int) -> Exception:
    if alike:
        several = f"{len(alike)} paths end like that; write the whole path: " + ", ".join(sorted(alike)[:8])
        return make_refusal("unknown-path", f"There is no file {named!r}. {several}", path=named, edit=edit)
    name = PurePosixPath(named).name
    same = sorted(path for path in paths if PurePosixPath(path).name == name)
    near = same[:8] or get_close_matches(named, list(paths)[:_COMPARED], n=5)
    hint = " Did you mean: " + ", ".join(near) if near else ""
    return make_refusal("unknown-path", f"There is no file {named!r} in the repository.{hint}", path=named, edit=edit)


def clean_path(named: str, *, edit: int, absolute: bool = False) -> str:
    """Normalise to a clean relative path; refuse one outside or in ``.git``."""
    path = named.strip().removeprefix("/") if absolute else named.strip()
    parts = [part for part in path.split("/") if part not in ("", ".")]
    inside = parts and not path.startswith("/") and ".." not in parts and not _UNSAFE.search(path)
    if not inside or any(part.casefold().rstrip(". ") in (".git", "git~1") for part in parts):
        raise make_refusal(
            "bad-path", f"The path {named[:200]!r} is not a file inside the repository.", path=named[:200], edit=edit
        )
    return "/".join(parts)


def check_writable(path: str, *, protected: Callable[[str], bool], is_link: Callable[[str], bool], edit: int) -> None:
    """Raise EditRefused for a protected path, or one on or behind a link."""
    if protected(path):
        raise make_refusal(
            "protected",
            f"{path} is protected and may not be changed. Solve it without touching that file.",
            path=path,
            edit=edit,
        )
    parts = path.split("/")
    link = next((p for p in ("/".join(parts[: n + 1]) for n in range(len(parts))) if is_link(p)), None)
    if link is not None:
        raise make_refusal(
            "bad-path", f"{link} is a symbolic link; edit the file it points to by its own path.", path=path, edit=edit
        )
