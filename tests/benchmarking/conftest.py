"""A sample on an environment without packages, and benchmarks of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.benchmarking.benchmark_file import find_target, read_target_name
from bot.benchmarking.records import Benchmark
from bot.benchmarking.sampling import Measure
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import Measurement, Program, Workspace
from bot.toolchains.python.toolchain import make_toolchain
from tests.e2e.slow import LOOP
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

PATH = "benchmarks/bench_words.py"
# counts words with a list that is searched for each of them
SLOW = f"\ndef count(text):\n{LOOP}"
FAST = """
from collections import Counter

def count(text):
    return sorted(Counter(text.split()).items())
"""
BENCHMARK = """
from words import count

TARGET = "words.py::count"

def make_input(source):
    return " ".join(str(source.randrange(300)) for _ in range(1500))

def run(value):
    return count(value)
"""
Side = Callable[..., Measure]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``install`` makes of a repository that needs no package."""
    folder = tmp_path_factory.mktemp("environment")
    workspace = Workspace(
        tree=write(folder / "tree", {"words.py": SLOW, "tests/test_a.py": "import unittest"}), env=folder / "env"
    )
    asyncio.run(make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings()).install(workspace))
    return workspace.env


@pytest.fixture
def side(environment: Path, tmp_path: Path) -> Side:
    """``measure = side("words.py's text", "the benchmark's text")``: each a tree of its own."""
    made: list[Path] = []

    def build(words: str = SLOW, benchmark: str = BENCHMARK) -> Measure:
        tree = tmp_path / f"tree-{len(made)}"
        made.append(write(tree, {"words.py": words, PATH: benchmark}))
        toolchain = make_toolchain(bubblewrap(), Checks(), tree, Settings())
        return partial(_measure, toolchain, Workspace(tree=tree, env=environment))

    return build


async def _measure(toolchain: Any, workspace: Workspace, program: Program, limits: Limits) -> Measurement:
    return await toolchain.measure(workspace, program, limits=limits)


def benchmark(text: str = BENCHMARK, words: str = SLOW, count: int = 1) -> Benchmark:
    path, name = read_target_name(text)
    return Benchmark(path=PATH, target=find_target(path, name, words), count=count)
