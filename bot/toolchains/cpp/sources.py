"""Read the texts of test files, and see what tests they hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from bot.toolchains.events import TEXT

_MOST_BYTES = 1024 * 1024
# Tests of googletest that have one case; parametrised ones have as many as the program says.
_TEST = re.compile(r"^\s*(?:TEST|TEST_F|GTEST_TEST)\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)", re.MULTILINE)
# A step of Ninja begins so, and so does the text of one that failed.
_STEP = re.compile(r"^(?=\[\d+/\d+\] |FAILED: )", re.MULTILINE)


def read_sources(tree: Path, paths: Iterable[str]) -> Mapping[str, str]:
    """Return the texts of files of a tree, by path. Blocking.

    Links are not read.
    """
    root = tree.resolve()
    found = {}
    for path in paths:
        file = tree / path
        own = file.parent.resolve().is_relative_to(root) and file.is_file() and not file.is_symlink()
        if own and file.stat().st_size <= _MOST_BYTES:
            found[path] = file.read_text(errors="replace")
    return found


def list_tests(path: str, text: str) -> list[str]:
    """Return the ids of the tests that can be seen in a file."""
    return [f"{path}::{suite}::{name}" for suite, name in _TEST.findall(text)]


def pick_errors(output: str, paths: Iterable[str]) -> str:
    """Return what a build wrote of some files, else the end of all of it."""
    blocks = [block for block in _STEP.split(output) if any(path in block for path in paths)]
    return ("".join(blocks) or output)[-TEXT:].strip()
