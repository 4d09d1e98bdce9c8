"""Say whether a repository is, beside other things, a Python one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath

from bot.toolchains.python.config import get_table, parse_ini, read_pytest_settings, read_text, read_toml
from bot.toolchains.units import Unit, walk_files

# Files at the root of which a Python project has one.
_FILES = (
    "pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "pytest.ini", "noxfile.py", "Pipfile", "requirements*.txt",
)  # fmt: skip
_TESTS = ("test_*.py", "*_test.py")
# A test in a file's text; scripts that build or run other tests are named like one too.
_TEST = re.compile(
    r"^[ \t]*(?:async )?def test|^class \w*Test|^[ \t]*>>> |\bunittest\b|\bdoctest\b|\bpytest", re.MULTILINE
)
# Sources of languages that Forgehand does not test, and of those that it does. Without JavaScript: a repository of it
# has a package.json, and pages bring libraries along. Without endings that data has too (.d, .m, .r, .t).
_UNKNOWN = {
    ".clj", ".cljc", ".cljs", ".cr", ".dart", ".el", ".elm", ".erl", ".f90", ".hs", ".jl", ".lua", ".ml", ".nim",
    ".pl", ".pm", ".scala", ".swift", ".tcl", ".vim", ".zig",
}  # fmt: skip
_KNOWN = {
    ".bash", ".c", ".cc", ".cpp", ".cs", ".cxx", ".ex", ".exs", ".go", ".h", ".hpp", ".java", ".kt", ".php", ".rb",
    ".rs", ".sh",
}  # fmt: skip
_SCRIPTS = {".cjs", ".js", ".jsx", ".mjs", ".ts", ".tsx", ".vue"}


def find_units(tree: Path, elsewhere: Sequence[str] = ()) -> tuple[Unit, ...]:
    """Return the whole repository where Python tests it. Blocking.

    A script of a repository in another language says nothing, not even where it is the one test, nor does a test of
    folders that are tested by themselves.
    """
    names = [path.name for path in sorted(tree.glob("*")) if path.is_file()]
    found = next((name for name in names if any(fnmatchcase(name, one) for one in _FILES)), None)
    if found is None:
        named = (path for path in _list_sources(tree, elsewhere) if any(fnmatchcase(path.name, one) for one in _TESTS))
        tests = [str(path) for path in islice((path for path in named if _holds_test(tree / path)), 2)]
        found = None if not tests or (len(tests) == 1 and _is_outweighed(tree, _UNKNOWN)) else tests[0]
    return () if found is None else (Unit(root="", toolchain="python", evidence=(f"`{found}`",)),)


def stands_beside_others(tree: Path, elsewhere: Sequence[str] = ()) -> bool:
    """Return whether Python is a unit beside another language. Blocking.

    Settings of Python's tools, and requirements of a script, lie at the root of repositories in other languages too. So
    it declares a package, holds a test, or is most of what is written.
    """
    return (
        _declares_package(tree)
        or any(_holds_test(tree / path) for path in _list_sources(tree, elsewhere))
        or not _is_outweighed(tree, _KNOWN | _SCRIPTS)
    )


def _declares_package(tree: Path) -> bool:
    """Return whether settings are a package's, or those of its tests."""
    pyproject = read_toml(tree / "pyproject.toml")
    return bool(
        "project" in pyproject
        or get_table(pyproject, "tool", "poetry")
        or "metadata" in parse_ini(read_text(tree / "setup.cfg"))
        or read_pytest_settings(tree)
        or any((tree / name).is_file() for name in ("setup.py", "Pipfile"))
    )


def _holds_test(file: Path) -> bool:
    return _TEST.search(read_text(file)) is not None


def is_python(tree: Path) -> bool:
    """Return whether a repository is one of Python. Blocking.

    Where nothing names it, most of what is written is.
    """
    return bool(find_units(tree)) or (
        next(_list_sources(tree, ()), None) is not None and not _is_outweighed(tree, _UNKNOWN | _KNOWN)
    )


def _list_sources(tree: Path, elsewhere: Sequence[str]) -> Iterator[PurePosixPath]:
    for path in walk_files(tree):
        if path.suffix == ".py" and not any(path.is_relative_to(one) for one in elsewhere):
            yield path


def _is_outweighed(tree: Path, endings: set[str]) -> bool:
    """Return whether there is more of others' sources than of Python's."""
    others = python = 0
    for path in walk_files(tree):
        ending = path.suffix.lower()
        if ending == ".py" or ending in endings:
            size = (tree / path).lstat().st_size
            python += size if ending == ".py" else 0
            others += size if ending != ".py" else 0
    return others > python
