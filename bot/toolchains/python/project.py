"""Detect how a Python repository is installed and tested.

Its files are read; nothing runs.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.toolchains.python import requirements
from bot.toolchains.python.config import (
    get_section,
    get_strings,
    get_table,
    parse_ini,
    pick_plain,
    read_text,
    read_toml,
)
from bot.toolchains.python.locks import read_locked
from bot.toolchains.python.members import can_be_built, find_members, workspace_names
from bot.toolchains.python.requirements import Needs, pick_for_tests

_REQUIREMENTS = ("requirements*.txt", "*requirements.txt", "requirements/*.txt", "tests/requirements*.txt")
_FOR_TESTS = re.compile(r"test|dev|ci\b", re.IGNORECASE)
_PLAIN = ("requirements.txt", "base.txt", "main.txt")
_NAMES_A_RUNNER = re.compile(r"^(pytest|nose2?|tox)\b", re.MULTILINE)
_PYTEST_FILES = ("pytest.ini", ".pytest.ini", "pytest.toml", ".pytest.toml", "conftest.py", "tests/conftest.py")
_TEST_FILES = ("test*.py", "*_test.py", "*_tests.py")
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_SETUP_REQUIRES = re.compile(r"python_requires\s*=\s*[\"']([^\"']+)[\"']")


@dataclass(frozen=True)
class Project:
    """Way in which a Python repository is installed and tested.

    ``installable``: has a build; ``extras`` and ``groups`` are those meant for tests; ``requirements`` are files.
    ``packages`` are further requirement strings (tox, Poetry, hatch); ``members`` are what is installed of a repository
    that holds packages in folders, as ``./folder[extra]``, and their groups are ``folder/pyproject.toml:x``; ``locked``
    are versions, ``name==version``; ``unittest`` means plain unittest tests suffice. ``optional`` are requirement
    strings that are added where they can be had.
    """

    installable: bool = False
    requires_python: str | None = None
    pythons: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    unittest: bool = False
    optional: tuple[str, ...] = ()


def detect(tree: Path, *, build: bool = True) -> Project:
    """Read the configuration of ``tree``. Blocking.

    Unreadable or broken files count as absent. Without ``build`` nothing of it is installed, only what it depends on.
    """
    root = _package(tree, build)
    folders = find_members(tree)
    found = {folder.relative_to(tree).as_posix(): _package(folder, build) for folder in folders}
    pythons = [root.requires_python, *(member.requires_python for member in found.values())]
    return Project(
        installable=root.installable,
        requires_python=",".join(dict.fromkeys(one for one in pythons if one)) or None,
        pythons=root.pythons or _dedupe(one for member in found.values() for one in member.pythons),
        extras=root.extras,
        groups=(*root.groups, *(f"{at}/pyproject.toml:{one}" for at, member in found.items() for one in member.groups)),
        # Folders may pin one package to several versions: what the root requires for all of them wins.
        requirements=root.requirements
        or _dedupe(f"{at}/{one}" for at, member in found.items() for one in member.requirements),
        packages=_dedupe((*root.packages, *(one for member in found.values() for one in member.packages))),
        members=tuple(f"./{at}{bracket_extras(member.extras)}" for at, member in found.items() if member.installable),
        locked=read_locked(tree),
        unittest=_is_plain_unittest(tree) and not any(_names_pytest(folder) for folder in folders),
    )


def bracket_extras(extras: Iterable[str]) -> str:
    """Return ``[a,b]`` as it follows a requirement's name, or ""."""
    joined = ",".join(extras)
    return f"[{joined}]" if joined else ""


def _package(tree: Path, build: bool) -> Project:
    """Read the configuration of one folder."""
    pyproject = read_toml(tree / "pyproject.toml")
    setup_cfg = parse_ini(read_text(tree / "setup.cfg"))
    setup_py = read_text(tree / "setup.py")
    project = get_table(pyproject, "project")
    installable = build and can_be_built(tree)
    tox = requirements.read_tox(tree, pyproject)
    hatch = requirements.read_hatch(tree, pyproject)
    script = requirements.read_setup_py(setup_py) if setup_py else Needs()
    named = [
        *get_table(project, "optional-dependencies"),
        *get_section(setup_cfg, "options.extras_require"),
        *get_table(pyproject, "tool", "poetry", "extras"),
        *script.extras,
    ]
    groups = get_table(pyproject, "dependency-groups")
    packages = [*tox.packages, *hatch.packages, *requirements.read_managers(pyproject), *script.packages]
    packages += [] if installable else _dependencies(pyproject, setup_cfg, script)
    packages += [*requirements.read_pipfile(tree), *requirements.find_pytest_plugins(tree)]
    pinned = re.findall(r"^(3\.\d+)", read_text(tree / ".python-version"), re.MULTILINE)
    classified = "\n".join([read_text(tree / "pyproject.toml"), read_text(tree / "setup.cfg"), setup_py])
    return Project(
        installable=installable,
        requires_python=_read_requires_python(pyproject, setup_cfg, setup_py),
        pythons=tuple(pinned) or _dedupe(_CLASSIFIER.findall(classified)),
        extras=_pick_existing((*pick_for_tests(named), *tox.extras, *hatch.extras), named),
        groups=_pick_existing((*pick_for_tests(groups), *tox.groups, *hatch.groups), groups),
        requirements=_dedupe((*_requirement_files(tree, installable), *tox.files)),
        packages=_dedupe(packages),
    )


def _dedupe(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _pick_existing(wanted: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``wanted`` that the repository has, once each."""
    there = set(names)
    return _dedupe(name for name in wanted if name in there)


def _read_requires_python(
    pyproject: dict[str, Any], setup_cfg: configparser.RawConfigParser, setup_py: str
) -> str | None:
    requires = get_table(pyproject, "project").get("requires-python")
    if isinstance(requires, str):
        return requires
    if setup_cfg.has_option("options", "python_requires"):
        return setup_cfg.get("options", "python_requires")
    found = _SETUP_REQUIRES.search(setup_py)
    return found[1] if found else None


def _requirement_files(tree: Path, installable: bool) -> Iterator[str]:
    """Yield the requirement files for tests."""
    # Plain ones count where nothing else installs the package, or where they name a test runner.
    found = dict.fromkeys(path for pattern in _REQUIREMENTS for path in sorted(tree.glob(pattern)) if path.is_file())
    for path in found:
        name = path.relative_to(tree).as_posix()
        is_plain = path.name in _PLAIN and (not installable or bool(_NAMES_A_RUNNER.search(read_text(path))))
        if _FOR_TESTS.search(name) or is_plain:
            yield name


def _dependencies(pyproject: dict[str, Any], setup_cfg: configparser.RawConfigParser, script: Needs) -> Iterator[str]:
    """Yield what an uninstalled package depends on, also for its tests."""
    project = get_table(pyproject, "project")
    optional = get_table(project, "optional-dependencies")
    ours = workspace_names(pyproject)
    for entries in (project.get("dependencies"), *(optional[name] for name in pick_for_tests(optional))):
        yield from (entry for entry in get_strings(entries) if not entry.startswith("-") and entry not in ours)
    yield from requirements.read_poetry(get_table(pyproject, "tool", "poetry", "dependencies"))
    extras = get_section(setup_cfg, "options.extras_require")
    for text in (
        get_section(setup_cfg, "options").get("install_requires", ""),
        *(extras[name] for name in pick_for_tests(extras)),
    ):
        yield from pick_plain(text.splitlines())
    yield from script.dependencies


def _names_pytest(folder: Path) -> bool:
    pyproject = read_toml(folder / "pyproject.toml")
    if get_table(pyproject, "tool", "pytest") or parse_ini(read_text(folder / "setup.cfg")).has_section("tool:pytest"):
        return True
    return any((folder / name).exists() for name in _PYTEST_FILES)


def _is_plain_unittest(tree: Path) -> bool:
    """Return whether all tests are unittest's and nothing names pytest."""
    if _names_pytest(tree):
        return False
    files = {path for pattern in _TEST_FILES for path in tree.rglob(pattern)}
    texts = [read_text(path) for path in sorted(files)[:200]]
    # CI may run unittest's tests by pytest, and its command is to run here too
    workflows = [read_text(path) for path in sorted(tree.glob(".github/workflows/*.y*ml"))[:50]]
    named = any(re.search(r"\bpytest\b", text) for text in (*texts, *workflows))
    return any("unittest" in text for text in texts) and not named
