"""Other ways to apply a search/replace block, re-implemented in short after what is known of them."""

from __future__ import annotations

import re
from collections.abc import Callable

_LOOKALIKES = str.maketrans("‘’“”–—−\u00a0", "''\"\"--- ")


def unique_exact(text: str, search: str, replace: str) -> str | None:
    """Apply like the str_replace tool: the text must be there exactly once."""
    return text.replace(search, replace) if search and text.count(search) == 1 else None


def aider_style(text: str, search: str, replace: str) -> str | None:
    """Try exact lines, one added prefix, no blank first line, ``...`` pieces."""
    whole, part, new = (value.splitlines(keepends=True) for value in (_ended(text), _ended(search), _ended(replace)))
    for old in (part, part[1:] if len(part) > 2 and not part[0].strip() else None):
        if old is not None:
            found = _first_lines(whole, old, new) or _one_prefix(whole, old, new)
            if found is not None:
                return "".join(found)
    return _dots(_ended(text), _ended(search), _ended(replace))


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _first_lines(whole: list[str], part: list[str], new: list[str]) -> list[str] | None:
    for at in range(len(whole) - len(part) + 1):
        if part and whole[at : at + len(part)] == part:
            return whole[:at] + new + whole[at + len(part) :]
    return None


def _one_prefix(whole: list[str], part: list[str], new: list[str]) -> list[str] | None:
    depths = [len(line) - len(line.lstrip()) for line in part + new if line.strip()]
    off = min(depths, default=0)
    part, new = ([line[off:] if line.strip() else line for line in lines] for lines in (part, new))
    for at in range(len(whole) - len(part) + 1):
        window = whole[at : at + len(part)]
        if not part or [line.lstrip() for line in window] != [line.lstrip() for line in part]:
            continue
        added = {line[: len(line) - len(old)] for line, old in zip(window, part, strict=True) if line.strip()}
        if len(added) == 1:
            prefix = added.pop()
            return whole[:at] + [prefix + line if line.strip() else line for line in new] + whole[at + len(part) :]
    return None


def _dots(text: str, search: str, replace: str) -> str | None:
    cut = re.compile(r"(^\s*\.\.\.\n)", re.M)
    old, new = cut.split(search), cut.split(replace)
    if len(old) == 1 or len(old) != len(new) or old[1::2] != new[1::2]:
        return None
    for part, instead in zip(old[::2], new[::2], strict=True):
        if not part and instead:
            text += instead
        elif part:
            if text.count(part) != 1:
                return None
            text = text.replace(part, instead)
    return text


def codex_style(text: str, search: str, replace: str) -> str | None:
    """Try lines exactly, then looser; the first place wins, pasted as is."""
    # Looser: without trailing blanks, trimmed, with look-alikes folded.
    whole, part = text.split("\n"), search.split("\n")
    part = part[:-1] if part and not part[-1] else part
    new = replace.split("\n")
    new = new[:-1] if new and not new[-1] else new
    steps: tuple[Callable[[str], str], ...] = (
        str,
        str.rstrip,
        str.strip,
        lambda line: line.strip().translate(_LOOKALIKES),
    )
    for step in steps:
        wanted = [step(line) for line in part]
        lines = [step(line) for line in whole]
        for at in range(len(whole) - len(part) + 1):
            if part and lines[at : at + len(part)] == wanted:
                return "\n".join(whole[:at] + new + whole[at + len(part) :])
    return None


LADDERS: dict[str, Callable[[str, str, str], str | None]] = {
    "unique exact": unique_exact,
    "aider-style": aider_style,
    "codex-style": codex_style,
}
