"""Find the tests that exercise a file: by name, folder and imports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Protocol

from bot.context.imports import Modules, module_of
from bot.context.postings import Postings
from bot.context.record import IMPORTS, Record
from bot.context.tree import TreeFile
from bot.context.words import fold, split_identifier

_LIMIT = 5  # test files named
_LOOKED_AT = 60  # importers whose imports are compared; each is a record to load
_TEST_WORDS = frozenset(("test", "spec", "conftest"))


class _Index(Protocol):
    files: dict[str, TreeFile]
    by_number: Mapping[int, Sequence[str]]
    postings: Postings
    modules: Modules

    def record(self, path: str) -> Record: ...


def find_tests(index: _Index, path: str) -> tuple[str, ...]:
    """Find up to five test files connected with a path, nearest first."""
    own = _words(module_of(path).rpartition("/")[2])
    folders = frozenset(word for part in PurePosixPath(path).parent.parts for word in _words(part))
    scores: dict[str, float] = {}
    for test, file in index.files.items():
        if file.role != "test" or not file.language:
            continue
        stem = _words(PurePosixPath(test).stem) - _TEST_WORDS
        around = frozenset(word for part in PurePosixPath(test).parent.parts for word in _words(part)) - {"test"}
        near = len(folders & around) / (1 + len(around))
        if own and stem == own:
            scores[test] = 3.0 + near
        elif own and own <= around:
            scores[test] = 1.5 + near
        elif own and own <= stem:
            scores[test] = 1.0 + near
    for test in _find_importers(index, path)[:_LOOKED_AT]:
        if any(path in index.modules.find(name, importer=test) for name in index.record(test).imports):
            scores[test] = scores.get(test, 0.0) + 1.0
    best = sorted(scores, key=lambda test: (-scores[test], test))[:_LIMIT]
    return tuple(test for test in best if PurePosixPath(test).stem not in {"__init__", "conftest"})


def _find_importers(index: _Index, path: str) -> list[str]:
    """Find tests that import the file, those in the nearest folders first."""
    last = module_of(path).rpartition("/")[2]
    found = [test for number, _ in index.postings.get(IMPORTS + last) for test in index.by_number.get(number, ())]
    tests = [test for test in found if index.files[test].role == "test"]
    return sorted(tests, key=lambda test: (-count_shared_folders(test, path), test))


def count_shared_folders(first: str, second: str) -> int:
    """Count the leading parts that two paths have in common."""
    count = 0
    for one, other in zip(first.split("/"), second.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count


def _words(name: str) -> frozenset[str]:
    words = split_identifier(name)
    return frozenset(words[1:] or words) | ({fold(name.lower())} if len(words) == 1 else frozenset())
