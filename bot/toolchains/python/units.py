"""Say whether a repository is, beside other things, a Python one."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from bot.toolchains.units import Unit, walk_files

# Files at the root of which a Python project has one.
_FILES = (
    "pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "pytest.ini", "noxfile.py", "Pipfile", "requirements*.txt",
)  # fmt: skip
_TESTS = ("test_*.py", "*_test.py")


def find_units(tree: Path, elsewhere: Sequence[str] = ()) -> tuple[Unit, ...]:
    """Return the whole repository where Python tests it. Blocking.

    A script of a repository in another language says nothing, nor does a test of folders that are tested by themselves.
    """
    names = [path.name for path in sorted(tree.glob("*")) if path.is_file()]
    found = next((name for name in names if any(fnmatchcase(name, one) for one in _FILES)), None)
    if found is None:
        paths = (path for path in walk_files(tree) if any(fnmatchcase(path.name, one) for one in _TESTS))
        found = next((str(path) for path in paths if not any(path.is_relative_to(one) for one in elsewhere)), None)
    return () if found is None else (Unit(root="", toolchain="python", evidence=(f"`{found}`",)),)
