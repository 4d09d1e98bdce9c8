"""Interpreters of Python: which there are, and which one fits a project."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bot.toolchains.python.interpreters import Interpreter, find_interpreters, pick_interpreter, satisfies


@pytest.mark.parametrize("variable", ["PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "PATH"])
def test_folders_that_cannot_be_read_hold_no_interpreter(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """As with another account's ``PYENV_ROOT`` behind sudo. Root may read everything, but no name that long."""
    monkeypatch.setenv(variable, "/" + "x" * 300)
    assert find_interpreters.__wrapped__()[0].version[:2] == sys.version_info[:2]


VERSIONS = tuple(Interpreter(Path(f"/p/{minor}"), (3, minor, 1), Path("/p")) for minor in (11, 13, 12, 9))


@pytest.mark.parametrize(
    ("requires", "named", "minor"),
    [
        (None, (), 11), (">=3.12", (), 13), (">=3.8,<3.10", (), 9), ("~=3.9", (), 11), ("==3.9.*", (), 9),
        ("!=3.11.*", (), 13), (">3.11.1", (), 13), ("<=3.9.1", (), 9), (None, ("3.8", "3.9", "3.12"), 12),
        (">=3.12", ("3.9",), 12), (None, ("3.5", "3.6"), 9), ("~=3.9.0", (), 9), ("nonsense", (), 11),
        (">=4", (), None), ("<3.9", (), None),
    ],
)  # fmt: skip
def test_the_fitting_interpreter(requires: str | None, named: tuple[str, ...], minor: int | None) -> None:
    found = pick_interpreter(requires, named, VERSIONS)
    assert (found.version[1] if found else None) == minor
    assert satisfies((3, 11, 7), ">=3.8, <4")
