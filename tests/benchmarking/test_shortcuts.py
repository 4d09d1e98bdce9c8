"""What an edit adds to win without being faster."""

from __future__ import annotations

import pytest

from bot.benchmarking.shortcuts import find_caches, find_looks_around

BEFORE = "import os\n\nLIMIT = 3\nKNOWN = {}\n\ndef count(text):\n    return len(text)\n"


def edit(old: str, new: str) -> str:
    assert old in BEFORE
    return BEFORE.replace(old, new)


@pytest.mark.parametrize(
    ("after", "named"),
    [
        (edit("LIMIT = 3", "LIMIT = 3\n_SEEN = {}"), "`_SEEN`"),
        (edit("LIMIT = 3", "LIMIT = 3\n_SEEN: dict[str, int] = dict()"), "`_SEEN`"),
        (edit("LIMIT = 3", "import collections\n_SEEN = collections.OrderedDict()"), "`_SEEN`"),
        (edit("LIMIT = 3", "class Memory:\n    seen = []"), "`seen`"),
        (edit("def count", "import functools\n@functools.cache\ndef count"), "`cache`"),
        (edit("def count", "from functools import lru_cache as fast\n@fast()\ndef count"), "`lru_cache`"),
        (edit("LIMIT = 3", "import functools\nfast = functools.lru_cache(None)(len)"), "`lru_cache`"),
        (edit("count(text)", "count(text, _seen={})"), "the default `{}`"),
        (edit("count(text)", "count(text, *, _seen=dict())"), "the default `dict()`"),
        (edit("return len(text)", "count.last = text\n    return len(text)"), "`count.last`"),
        (edit("return len(text)", "global LIMIT\n    LIMIT = 4\n    return len(text)"), "`LIMIT` is set for all calls"),
    ],
)
def test_a_new_cache_is_named(after: str, named: str) -> None:
    found = find_caches(BEFORE, after)
    assert any(named in one for one in found), found


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        edit("return len(text)", "seen = {}\n    for word in text:\n        seen[word] = 1\n    return len(seen)"),
        edit("LIMIT = 3", "_UNITS = (1, 2)\n_NAMES = frozenset({'a'})"),
        edit("LIMIT = 3", "from types import MappingProxyType\n_UNITS = MappingProxyType({'k': 1})"),
        edit("LIMIT = 3", "__all__ = ['count']"),
        edit("def count", "def cache(self): return 1\n\ndef count"),
        "def (",
    ],
)
def test_what_is_no_cache_is_not_named(after: str) -> None:
    assert find_caches(BEFORE, after) == []


@pytest.mark.parametrize(
    "after",
    [
        edit("return len(text)", "import sys\n    return 0 if 'pytest' not in sys.modules else len(text)"),
        edit("return len(text)", "import inspect\n    return len(inspect.stack())"),
        edit("return len(text)", "from sys import _getframe\n    return _getframe(1)"),
        edit("return len(text)", "return 0 if os.environ.get('X') else len(text)"),
        edit("return len(text)", "import sys as s\n    return s.modules"),
        edit("return len(text)", "return __import__('forgehand_worker')"),
        edit("return len(text)", "return 0 if __name__ == '__main__' else len(text)"),
    ],
)
def test_a_look_at_what_runs_the_code_is_named(after: str) -> None:
    assert find_looks_around(BEFORE, after)


def test_looks_that_were_there_before_are_not_named() -> None:
    before = edit("return len(text)", "return os.environ['HOME']")
    assert find_looks_around(before, before.replace("LIMIT = 3", "LIMIT = 4")) == []
