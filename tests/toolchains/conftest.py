"""A small repository with every kind of verdict, installed once through the real proxy."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.sandbox.port import CommandResult
from bot.settings import Checks, Settings
from bot.toolchains.port import Workspace
from bot.toolchains.python.toolchain import PythonToolchain, make_toolchain
from tests.support.sandboxes import bubblewrap

PROJECT = {
    "pyproject.toml": """
[build-system]
requires = ["setuptools>=64", "setuptools-scm>=8"]
build-backend = "setuptools.build_meta"
[project]
name = "sample"
dynamic = ["version"]
requires-python = ">=3.9"
[project.optional-dependencies]
test = ["iniconfig", "coverage"]
[tool.setuptools_scm]
[tool.pytest.ini_options]
addopts = "--strict-markers"
""",
    "src/sample/__init__.py": "def answer():\n    return 42\n",
    "tests/test_verdicts.py": """
import pytest, iniconfig, sample

def test_passes():
    assert sample.answer() == 42

def test_fails():
    assert sample.answer() == 43, "not yet"

@pytest.fixture
def broken():
    raise ValueError("no fixture today")

def test_errs(broken):
    pass

@pytest.fixture
def leaky():
    yield
    raise RuntimeError("cannot tidy up")

def test_leaks(leaky):
    pass

@pytest.mark.skip(reason="not here")
def test_skips():
    pass

@pytest.mark.xfail
def test_expected():
    assert False

@pytest.mark.parametrize("text", ["a b", "c/d", "--version", "$(id)"])
def test_many(text):
    assert text

def test_offline():
    import socket
    with pytest.raises(OSError):
        socket.create_connection(("pypi.org", 443), 3)

def test_dependencies_are_read_only():
    with pytest.raises(OSError):
        open(iniconfig.__file__, "a")
""",
    "tests/test_cannot_be_collected.py": "import no_such_module\n",
}


def write(tree: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tree


def ended(code: int | None, output: str = "") -> CommandResult:
    """The end of a command by itself."""
    return CommandResult(
        argv=("x",), exit_code=code, output=output, truncated=False, seconds=1, peak_mb=None, ended="exit"
    )


Make = Callable[..., tuple[PythonToolchain, Workspace]]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample after ``install``: editable, with its test extra and pytest, versioned by setuptools-scm."""
    folder = tmp_path_factory.mktemp("sample")
    workspace = Workspace(tree=write(folder / "tree", PROJECT), env=folder / "env")
    asyncio.run(make_toolchain(bubblewrap(), Checks(), workspace.tree, Settings()).install(workspace))
    return workspace


@pytest.fixture
def make(installed: Workspace, tmp_path: Path) -> Make:
    """``toolchain, workspace = make({"path": "text"}, Checks(...))``: a fresh tree on the installed dependencies."""

    def build(files: dict[str, str] | None = None, checks: Checks | None = None) -> tuple[PythonToolchain, Workspace]:
        tree = tmp_path / "tree"
        shutil.copytree(installed.tree, tree, symlinks=True)
        write(tree, files or {})
        workspace = Workspace(tree=tree, env=installed.env)
        return make_toolchain(bubblewrap(), checks or Checks(), tree, Settings()), workspace

    return build
