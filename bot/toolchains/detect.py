"""What a Python repository says about how it is installed and tested, found by reading its files; runs nothing."""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_TEST_NAMES = ("test", "tests", "testing", "unittest", "unittests")
_DEV_NAMES = ("dev", "develop", "development")
_REQUIREMENTS = ("requirements*.txt", "*requirements.txt", "requirements/*.txt", "tests/requirements*.txt")
_FOR_TESTS = re.compile(r"test|dev|ci\b", re.IGNORECASE)
_MAX_BYTES = 1_000_000
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_SETUP_REQUIRES = re.compile(r"python_requires\s*=\s*[\"']([^\"']+)[\"']")


@dataclass(frozen=True)
class Project:
    """``installable``: has a build; ``extras`` and ``groups`` are those meant for tests; ``requirements`` are files.

    ``packages`` are further requirement strings (tox, poetry groups); ``unittest`` means plain unittest tests suffice.
    """

    installable: bool = False
    requires_python: str | None = None
    pythons: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    unittest: bool = False


def detect(tree: Path) -> Project:
    """Read ``tree``'s own configuration. Unreadable or broken files count as absent. Blocking."""
    pyproject = _toml(tree / "pyproject.toml")
    setup_cfg = _ini(tree / "setup.cfg")
    setup_py = _text(tree / "setup.py")
    table = _table(pyproject, "project")
    # as uv reads it: a project table without a build system lists dependencies of something that is not installed
    installable = bool(setup_py or "build-system" in pyproject or setup_cfg.has_section("metadata"))
    extras = {*_table(table, "optional-dependencies"), *_section(setup_cfg, "options.extras_require")}
    classified = "\n".join([_text(tree / "pyproject.toml"), _text(tree / "setup.cfg"), setup_py])
    return Project(
        installable=installable,
        requires_python=_requires(pyproject, setup_cfg, setup_py),
        pythons=_pinned(tree) or tuple(dict.fromkeys(_CLASSIFIER.findall(classified))),
        extras=_wanted(extras),
        groups=_wanted(_table(pyproject, "dependency-groups")),
        requirements=tuple(_requirement_files(tree, installable)),
        packages=(*_tox_packages(tree, pyproject), *_poetry_packages(pyproject), *_listed(table, installable)),
        unittest=_plain_unittest(tree, pyproject, setup_cfg),
    )


def holds_python(tree: Path) -> bool:
    """Whether any file of the tree is Python. Blocking."""
    return next(tree.rglob("*.py"), None) is not None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace") if path.stat().st_size <= _MAX_BYTES and not path.is_symlink() else ""
    except OSError:
        return ""


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError:
        return {}


def _ini(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(_text(path))
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def _table(data: Any, *names: str) -> dict[str, Any]:
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def _section(parser: configparser.RawConfigParser, name: str) -> dict[str, str]:
    return dict(parser.items(name)) if parser.has_section(name) else {}


def _requires(pyproject: dict[str, Any], setup_cfg: configparser.RawConfigParser, setup_py: str) -> str | None:
    declared = _table(pyproject, "project").get("requires-python")
    if isinstance(declared, str):
        return declared
    if setup_cfg.has_option("options", "python_requires"):
        return setup_cfg.get("options", "python_requires")
    found = _SETUP_REQUIRES.search(setup_py)
    return found[1] if found else None


def _pinned(tree: Path) -> tuple[str, ...]:
    return tuple(re.findall(r"^(3\.\d+)", _text(tree / ".python-version"), re.MULTILINE))


def _wanted(names: Iterable[str]) -> tuple[str, ...]:
    known = {name.lower(): name for name in names if isinstance(name, str)}
    tests = [known[name] for name in _TEST_NAMES if name in known]
    return tuple(tests or [known[name] for name in _DEV_NAMES if name in known])


def _requirement_files(tree: Path, installable: bool) -> Iterator[str]:
    """Files named for tests; those named for running only where nothing installs them."""
    found = dict.fromkeys(path for pattern in _REQUIREMENTS for path in sorted(tree.glob(pattern)) if path.is_file())
    for path in found:
        name = path.relative_to(tree).as_posix()
        plain = path.name in ("requirements.txt", "base.txt", "main.txt")
        if _FOR_TESTS.search(name) or (plain and not installable):
            yield name


def _listed(project: dict[str, Any], installable: bool) -> Iterator[str]:
    """What ``[project]`` depends on, where installing it does not bring that."""
    if installable:
        return
    optional = _table(project, "optional-dependencies")
    for entries in (project.get("dependencies"), *(optional[name] for name in _wanted(optional))):
        if isinstance(entries, list):
            yield from (entry for entry in entries if isinstance(entry, str) and not entry.startswith("-"))


def _tox_packages(tree: Path, pyproject: dict[str, Any]) -> Iterator[str]:
    """Dependencies of ``[testenv]`` that hold without any factor, and ``-r`` files as they are written."""
    legacy = _table(pyproject, "tool", "tox").get("legacy_tox_ini")
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(legacy if isinstance(legacy, str) else _text(tree / "tox.ini"))
    except configparser.Error:
        return
    for line in parser.get("testenv", "deps", fallback="").splitlines():
        requirement = line.split(" #")[0].strip()
        if re.fullmatch(r"[A-Za-z0-9][\w.\-]*(\[[\w,\-]+\])?\s*([<>=!~].*)?", requirement):
            yield requirement


def _poetry_packages(pyproject: dict[str, Any]) -> Iterator[str]:
    poetry = _table(pyproject, "tool", "poetry")
    groups = _table(poetry, "group")
    for group in _wanted(groups):
        yield from _table(groups, group, "dependencies")
    yield from _table(poetry, "dev-dependencies")


def _plain_unittest(tree: Path, pyproject: dict[str, Any], setup_cfg: configparser.RawConfigParser) -> bool:
    """Nothing speaks of pytest, and some test file imports unittest."""
    if _table(pyproject, "tool", "pytest") or setup_cfg.has_section("tool:pytest"):
        return False
    if any((tree / name).exists() for name in ("pytest.ini", ".pytest.ini", "conftest.py", "tests/conftest.py")):
        return False
    texts = [_text(path) for path in sorted(tree.rglob("test*.py"))[:200]]
    return any("unittest" in text for text in texts) and not any(re.search(r"\bpytest\b", text) for text in texts)
