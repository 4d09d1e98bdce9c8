"""Detect how a Python repository is installed and tested, by reading its files; nothing runs."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.toolchains.python import requirements
from bot.toolchains.python.config import ini_of, plain, section, strings, table, text_of, toml_of
from bot.toolchains.python.locks import locked
from bot.toolchains.python.members import can_be_built, members, workspace_names
from bot.toolchains.python.requirements import Needs, for_tests

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
    """The way a Python repository is installed and tested.

    ``installable``: has a build; ``extras`` and ``groups`` are those meant for tests; ``requirements`` are files.

    ``packages`` are further requirement strings (tox, Poetry, hatch); ``members`` are what is installed of a
    repository that holds packages in folders, as ``./folder[extra]``, and their groups are ``folder/pyproject.toml:x``;
    ``locked`` are versions, ``name==version``; ``unittest`` means plain unittest tests suffice.
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


def detect(tree: Path, *, build: bool = True) -> Project:
    """Read ``tree``'s own configuration. Unreadable or broken files count as absent. Blocking.

    Without ``build`` nothing of it is installed, only what it depends on.
    """
    root = _package(tree, build)
    folders = members(tree)
    found = {folder.relative_to(tree).as_posix(): _package(folder, build) for folder in folders}
    pythons = [root.requires_python, *(member.requires_python for member in found.values())]
    return Project(
        installable=root.installable,
        requires_python=",".join(dict.fromkeys(one for one in pythons if one)) or None,
        pythons=root.pythons or _once(one for member in found.values() for one in member.pythons),
        extras=root.extras,
        groups=(*root.groups, *(f"{at}/pyproject.toml:{one}" for at, member in found.items() for one in member.groups)),
        # folders may pin what other folders pin otherwise: what the root says for all of them wins
        requirements=root.requirements
        or _once(f"{at}/{one}" for at, member in found.items() for one in member.requirements),
        packages=_once((*root.packages, *(one for member in found.values() for one in member.packages))),
        members=tuple(f"./{at}{bracketed(member.extras)}" for at, member in found.items() if member.installable),
        locked=locked(tree),
        unittest=_plain_unittest(tree) and not any(_speaks_of_pytest(folder) for folder in folders),
    )


def bracketed(extras: Iterable[str]) -> str:
    """Return ``[a,b]`` as it follows a requirement's name, or ""."""
    joined = ",".join(extras)
    return f"[{joined}]" if joined else ""


def holds_python(tree: Path) -> bool:
    """Tell whether any file of the tree is Python. Blocking."""
    return next(tree.rglob("*.py"), None) is not None


def _package(tree: Path, build: bool) -> Project:
    """Read what one folder says of itself."""
    pyproject = toml_of(tree / "pyproject.toml")
    setup_cfg = ini_of(text_of(tree / "setup.cfg"))
    setup_py = text_of(tree / "setup.py")
    project = table(pyproject, "project")
    installable = build and can_be_built(tree)
    tox = requirements.tox(tree, pyproject)
    hatch = requirements.hatch(tree, pyproject)
    script = requirements.setup_py(setup_py) if setup_py else Needs()
    named = [
        *table(project, "optional-dependencies"),
        *section(setup_cfg, "options.extras_require"),
        *table(pyproject, "tool", "poetry", "extras"),
        *script.extras,
    ]
    groups = table(pyproject, "dependency-groups")
    packages = [*tox.packages, *hatch.packages, *requirements.managers(pyproject), *script.packages]
    packages += [] if installable else _dependencies(pyproject, setup_cfg, script)
    packages += requirements.pytest_plugins(tree)
    classified = "\n".join([text_of(tree / "pyproject.toml"), text_of(tree / "setup.cfg"), setup_py])
    return Project(
        installable=installable,
        requires_python=_requires(pyproject, setup_cfg, setup_py),
        pythons=_pinned(tree) or _once(_CLASSIFIER.findall(classified)),
        extras=_known((*for_tests(named), *tox.extras, *hatch.extras), named),
        groups=_known((*for_tests(groups), *tox.groups, *hatch.groups), groups),
        requirements=_once((*_requirement_files(tree, installable), *tox.files)),
        packages=_once(packages),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _known(wanted: Iterable[str], names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``wanted`` that the repository has, once each."""
    there = set(names)
    return _once(name for name in wanted if name in there)


def _requires(pyproject: dict[str, Any], setup_cfg: configparser.RawConfigParser, setup_py: str) -> str | None:
    said = table(pyproject, "project").get("requires-python")
    if isinstance(said, str):
        return said
    if setup_cfg.has_option("options", "python_requires"):
        return setup_cfg.get("options", "python_requires")
    found = _SETUP_REQUIRES.search(setup_py)
    return found[1] if found else None


def _pinned(tree: Path) -> tuple[str, ...]:
    return tuple(re.findall(r"^(3\.\d+)", text_of(tree / ".python-version"), re.MULTILINE))


def _requirement_files(tree: Path, installable: bool) -> Iterator[str]:
    """Yield the requirement files for tests.

    Plain ones count where nothing installs what runs, or where they name what runs tests.
    """
    found = dict.fromkeys(path for pattern in _REQUIREMENTS for path in sorted(tree.glob(pattern)) if path.is_file())
    for path in found:
        name = path.relative_to(tree).as_posix()
        plain = path.name in _PLAIN and (not installable or bool(_NAMES_A_RUNNER.search(text_of(path))))
        if _FOR_TESTS.search(name) or plain:
            yield name


def _dependencies(pyproject: dict[str, Any], setup_cfg: configparser.RawConfigParser, script: Needs) -> Iterator[str]:
    """Yield what a package depends on, itself and for its tests, where installing it does not bring that."""
    project = table(pyproject, "project")
    optional = table(project, "optional-dependencies")
    ours = workspace_names(pyproject)
    for entries in (project.get("dependencies"), *(optional[name] for name in for_tests(optional))):
        yield from (entry for entry in strings(entries) if not entry.startswith("-") and entry not in ours)
    yield from requirements.poetry(table(pyproject, "tool", "poetry", "dependencies"))
    extras = section(setup_cfg, "options.extras_require")
    for text in (
        section(setup_cfg, "options").get("install_requires", ""),
        *(extras[name] for name in for_tests(extras)),
    ):
        yield from plain(text.splitlines())
    yield from script.dependencies


def _speaks_of_pytest(folder: Path) -> bool:
    pyproject = toml_of(folder / "pyproject.toml")
    if table(pyproject, "tool", "pytest") or ini_of(text_of(folder / "setup.cfg")).has_section("tool:pytest"):
        return True
    return any((folder / name).exists() for name in _PYTEST_FILES)


def _plain_unittest(tree: Path) -> bool:
    """Tell a repository of unittest tests in which nothing names pytest."""
    if _speaks_of_pytest(tree):
        return False
    files = {path for pattern in _TEST_FILES for path in tree.rglob(pattern)}
    texts = [text_of(path) for path in sorted(files)[:200]]
    return any("unittest" in text for text in texts) and not any(re.search(r"\bpytest\b", text) for text in texts)
