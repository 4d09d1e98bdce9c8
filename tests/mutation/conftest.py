"""The zoo, installed once through the real proxy, and laid out afresh for each test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.mutation.records import Plan, Survey
from bot.mutation.runner import make_program, read_survey
from bot.sandbox.port import Limits
from bot.settings import Checks, Settings
from bot.toolchains.port import Workspace
from bot.toolchains.python.toolchain import make_toolchain
from tests.mutation.zoo import PROJECT
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

Measure = Callable[..., Awaitable[Survey]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The zoo after ``install``: pytest, and nothing else."""
    folder = tmp_path_factory.mktemp("zoo")
    workspace = Workspace(tree=write(folder / "tree", PROJECT), env=folder / "env")
    asyncio.run(make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings()).install(workspace))
    return workspace


@pytest.fixture
def workspace(installed: Workspace, tmp_path: Path) -> Workspace:
    tree = tmp_path / "tree"
    shutil.copytree(installed.tree, tree, symlinks=True)
    return Workspace(tree=tree, env=installed.env)


@pytest.fixture
def measure(workspace: Workspace) -> Measure:
    """``await measure(plan, {"path": "text"})``: measured in the sandbox, more files written before."""

    async def run(plan: Plan, files: dict[str, str] | None = None) -> Survey:
        write(workspace.tree, files or {})
        toolchain = make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings())
        return read_survey(await toolchain.measure(workspace, make_program(plan), limits=Limits()))

    return run
