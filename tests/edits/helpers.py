"""A tiny repository in memory to apply edits to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from bot.edits import Edit, EditRefused, apply, make_edit, parse

PARSE_PY = '''\
"""Durations."""

import re


class DurationError(ValueError):
    """A text is no duration."""


@cached
def parse(text):
    # the first letter ends the number
    number = re.match(r"\\d+", text)
    if number is None:
        raise DurationError(text)
    return int(number[0])


class Reader:
    def read(self, stream):
        for line in stream:
            if not line:
                return None
            self.last = line
        return self.last

    def close(self, stream):
        for line in stream:
            if not line:
                return None
        stream.close()
'''
FILES = {
    "src/durations/parse.py": PARSE_PY,
    "src/durations/__init__.py": "",
    "docs/__init__.py": "",
    "Makefile": "test:\n\tpytest -q\n\tmypy src\n",
    "notes.txt": "one\r\ntwo\r\nthree",
    ".github/workflows/ci.yml": "on: push\n",
}


def run(
    edits: str | tuple[Edit, ...] | Edit,
    files: Mapping[str, str] = FILES,
    protected: Callable[[str], bool] = lambda path: path.startswith(".github/"),
    is_link: Callable[[str], bool] = lambda path: False,
) -> dict[str, str | None]:
    """Return the files that change."""
    if isinstance(edits, str):
        edits = parse(edits)
    elif not isinstance(edits, tuple):
        edits = (edits,)
    return apply(edits, files.get, paths=files, protected=protected, is_link=is_link).files


def refusal(
    edits: str | tuple[Edit, ...] | Edit, files: Mapping[str, str] = FILES, **rules: Callable[[str], bool]
) -> EditRefused:
    """The refusal of edits that must be refused, its message being of use and of bounded size."""
    with pytest.raises(EditRefused) as caught:
        run(edits, files, **rules)
    assert len(caught.value.message) > 30
    assert caught.value.message.count("\n") < 40
    return caught.value


def one(old: str, new: str, text: str, path: str = "file.txt") -> str:
    """The text after one replacement."""
    done = run(make_edit(path, old, new), {path: text})[path]
    assert done is not None
    return done
