"""Match paths against patterns as ``.gitignore`` has them.

https://git-scm.com/docs/gitignore
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase

_ESCAPED = re.compile(r"\\(.)")


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
    """Say whether a pattern matches a file itself, as in ``.gitattributes``.

    A folder there is not what lies in it.
    """
    return not pattern.endswith("/") and _fits(_parts(pattern), path.split("/"))


def _parts(pattern: str) -> list[str]:
    """Split a pattern at its slashes; ``**`` first where it counts anywhere."""
    # ``fnmatch`` writes an escaped sign as ``[*]`` and a negated class as ``[!a]``.
    parts = [
        _ESCAPED.sub(lambda found: f"[{found[1]}]", part).replace("[^", "[!") for part in pattern.strip("/").split("/")
    ]
    return parts if "/" in pattern.rstrip("/") else ["**", *parts]


def _fits(wanted: Sequence[str], segments: Sequence[str]) -> bool:
    """Match part by part.

    ``ends`` are the numbers of segments that what was read of the pattern may stand for.
    """
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
