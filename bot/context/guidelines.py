"""Collect the files in which a project says how it wants things done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from bot.git.paths import parents

NAMES = ("AGENTS.md", "CLAUDE.md", "CONTRIBUTING.md", "CONTRIBUTING.rst")
_FIXED = (".github/copilot-instructions.md", ".github/CONTRIBUTING.md", "docs/CONTRIBUTING.md")
_MOST_FILES = 8
_MOST_CHARACTERS = 12_000  # each; with _MOST_FILES it bounds what a project adds to every prompt

Read = Callable[[str], Awaitable[str | None]]


async def collect(read: Read, paths: Iterable[str], for_paths: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Read the guideline files that hold for ``for_paths``, as (path, text).

    The root's come first, then nested ones. ``read`` gives the text of a path of the base branch. At most eight files,
    each cut at 12,000 characters.
    """
    chosen: list[tuple[str, str]] = []
    for path in choose(paths, for_paths):
        text = await read(path)
        if text and text.strip():
            cut = f"\n(cut: {len(text) - _MOST_CHARACTERS} more characters)" if len(text) > _MOST_CHARACTERS else ""
            chosen.append((path, text[:_MOST_CHARACTERS] + cut))
    return tuple(chosen)


def choose(paths: Iterable[str], for_paths: Sequence[str]) -> tuple[str, ...]:
    """Choose the guideline files in the root or a folder above a path."""
    known = set(paths)
    root = [path for path in (*NAMES, *_FIXED) if path in known]
    folders = dict.fromkeys(folder for path in for_paths for folder in parents(path))
    nested = [f"{folder}/{name}" for folder in folders for name in NAMES if f"{folder}/{name}" in known]
    return tuple(dict.fromkeys((*root, *nested)))[:_MOST_FILES]
