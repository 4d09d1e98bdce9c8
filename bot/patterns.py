"""Match paths against patterns as ``.gitignore`` has them.

https://git-scm.com/docs/gitignore
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

# a character after a backslash, or a set of characters
_TOKEN = re.compile(r"\\(.)|\[([!^]?)(\]?(?:\[:\w+:\]|\\.|[^\]\\])*)\]")
_CLASS = re.compile(r"\[:(\w+):\]|\\(.)")
_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": " \t", "digit": "0-9", "lower": "a-z", "space": " \t\n\r\f\v",
    "upper": "A-Z", "xdigit": "0-9a-fA-F",
}  # fmt: skip


def matches(pattern: str, path: str) -> bool:
    """Say whether a pattern matches a file, or a folder above it.

    ``*`` and ``?`` stay within a folder, ``**`` stands for any folders and for none. A pattern with a slash at its
    beginning or in it counts from the root, any other at every depth; one with a slash at its end means folders only.
    ``!`` has no meaning: every pattern adds.
    """
    segments = path.split("/")
    longest = len(segments) - pattern.endswith("/")
    return any(_fits(_parts(pattern), segments[:end]) for end in range(1, longest + 1))


def names(pattern: str, path: str) -> bool:
    """Say whether a pattern matches a file itself, not its folder."""
    return not pattern.endswith("/") and _fits(_parts(pattern), path.split("/"))


def _parts(pattern: str) -> list[str]:
    """Split a pattern at its slashes; ``**`` first where it counts anywhere."""
    parts = [_TOKEN.sub(_write_for_fnmatch, part) for part in pattern.strip("/").split("/")]
    return parts if "/" in pattern.rstrip("/") else ["**", *parts]


def _fits(wanted: Sequence[str], segments: Sequence[str]) -> bool:
    """Match part by part; ``ends`` are segment counts read so far."""
    ends = {0}
    for number, part in enumerate(wanted):
        if part == "**":
            # "a/**" is what lies in the folder, not the folder itself
            least = 1 if number == len(wanted) - 1 and number else 0
            ends = set(range(min(ends) + least, len(segments) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(segments) and fnmatchcase(segments[end], part)}
        if not ends:
            return False
    return len(segments) in ends


def _write_for_fnmatch(found: re.Match[str]) -> str:
    r"""Write ``\*``, ``[^a]`` and ``[[:digit:]]`` as ``fnmatch`` has them."""
    if found[1]:
        return f"[{found[1]}]" if found[1] in "*?[" else found[1]
    members = _CLASS.sub(lambda one: one[2] or _CLASSES.get(one[1], ""), found[3])
    # a bracket is a member only at the beginning
    brackets = "]" if "]" in members else ""
    return f"[{'!' if found[2] else ''}{brackets}{members.replace(']', '')}]"
