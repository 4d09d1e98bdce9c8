"""Find the paths of a tree that Git LFS keeps.

git holds a pointer there, and text in its place breaks checkouts: https://git-lfs.com
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.git.command import run_git
from bot.git.errors import GitError

ATTRIBUTES = ".gitattributes"
_MARK = b"lfs"


def may_track(attribute_files: Sequence[bytes]) -> bool:
    """Tell whether a tree's attribute files can name LFS; most cannot."""
    return any(_MARK in text for text in attribute_files)


async def tracked(paths: Sequence[str], objects: Path, env: Mapping[str, str]) -> list[str]:
    """Return the paths whose filter is LFS by the attribute files of an index.

    ``GIT_INDEX_FILE`` in ``env`` names the index. A mirror's own ``info/attributes`` switch filters off and outrank the
    tree's, so an empty repository that borrows the mirror's ``objects`` is asked. Raises :class:`GitError`.
    """
    aside = Path(env["GIT_INDEX_FILE"]).parent / "attributes.git"
    made = await run_git(["init", "--bare", "--quiet", "--template=", str(aside)], cwd=aside.parent)
    asked = await run_git(
        ["--git-dir", str(aside), "check-attr", "--cached", "--stdin", "-z", "filter"],
        cwd=aside.parent,
        stdin="".join(f"{path}\0" for path in paths).encode(),
        env={**env, "GIT_OBJECT_DIRECTORY": str(objects)},
    )
    if made.code or asked.code:
        raise GitError(f"git check-attr failed:\n{(made.stderr + asked.stderr)[:500]}")
    parts = asked.text.split("\0")
    return [path for path, value in zip(parts[::3], parts[2::3], strict=False) if value == "lfs"]
