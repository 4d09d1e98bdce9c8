"""What a benchmark is, and what would let it tell one tree from another."""

from __future__ import annotations

import pytest

from bot.benchmarking.benchmark_file import find_target, names_target, read_target_name
from bot.benchmarking.records import BenchmarkError, Target
from tests.benchmarking.conftest import BENCHMARK, SLOW


def test_a_benchmark_names_its_target() -> None:
    assert read_target_name(BENCHMARK) == ("words.py", "count")
    assert find_target("words.py", "count", SLOW) == Target(path="words.py", name="count", first=2, last=9)


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (("TARGET", "GOAL"), "TARGET must be set once"),
        (('"words.py::count"', '"words.py"'), "TARGET must be set once"),
        (("def run(value)", "def run()"), "a function `run` with one argument"),
        (("def make_input(source)", "def inputs(source)"), "a function `make_input`"),
        (("from words", "import sys\nfrom words"), "may not import `sys`"),
        (("from words", "from os import path\nfrom words"), "may not import `os`"),
        (("return count", "import words\n    return hasattr(words, 'fast') or count"), "may not use `hasattr`"),
        (("return count", "return count.__code__ and count"), "may not use `__code__`"),
        (("return count", "count.fast = 1\n    return count"), "may not set the attribute `fast`"),
        (("from words import count", "try:\n    from words import count\nexcept ImportError: pass"), "may not catch"),
        (("return count", "global count\n    return count"), "may not keep state in `count`"),
        (("def run", "def run(:"), "cannot be parsed"),
    ],
)
def test_what_is_refused_is_named(edit: tuple[str, str], why: str) -> None:
    with pytest.raises(BenchmarkError, match=why):
        read_target_name(BENCHMARK.replace(*edit, 1))


def test_a_method_is_found_with_its_decorators() -> None:
    text = (
        "class A:\n    @property\n    def b(self):\n        return 1\n\nclass B:\n    def b(self):\n        return 2\n"
    )
    assert find_target("a.py", "A.b", text) == Target(path="a.py", name="A.b", first=2, last=4)
    with pytest.raises(BenchmarkError, match=r"a\.py defines no `A\.c`"):
        find_target("a.py", "A.c", text)


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("src/shop/words.py", True),
        ("words.py::Counter.count", True),
        ("shop.words", True),
        ("Counter", True),
        ("Counter.count", True),
        ("ount", False),
        ("shop/other.py", False),
        ("words.py::Counter.other", False),
    ],
)
def test_what_was_asked_for_must_hold_the_target(asked: str, held: bool) -> None:
    assert names_target(asked, Target(path="src/shop/words.py", name="Counter.count", first=1, last=2)) is held
