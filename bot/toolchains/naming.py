"""Name new tests as a repository names its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath


def find_sibling(tests: Sequence[str], near: str, stem: Callable[[str], str]) -> str | None:
    """Return the existing test nearest to a file.

    The same name comes first, then shared folders. ``stem`` returns what a path is about, without the marks of a test.
    """

    def rate(test: str) -> tuple[int, int, int, str]:
        folders = set(PurePosixPath(test).parts[:-1])
        shared = len(folders & set(PurePosixPath(near).parts[:-1]))
        return int(stem(test) == stem(near)), shared, -len(PurePosixPath(test).parts), test

    return max(tests, key=rate, default=None)


def pick_free(taken: Collection[str], pattern: str, subject: str, again: str) -> str:
    """Return a path that is not taken.

    ``*`` of ``pattern`` becomes the subject, else ``again`` filled with it, numbered.
    """
    subject = subject or "regression"
    more = again.format(subject)
    separator = next((one for one in "-_" if one in again), "")
    names = (subject, more, *(f"{more}{separator}{number}" for number in range(2, 1000)))
    candidates = (pattern.replace("*", name) for name in names)
    known = set(taken)
    return next(path for path in candidates if path not in known)
