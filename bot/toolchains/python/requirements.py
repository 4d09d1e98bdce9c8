"""Read what tests need from tox, hatch, Poetry, PDM, uv and setup.py."""

from __future__ import annotations

import ast
import configparser
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.toolchains.python.config import (
    get_strings,
    get_table,
    parse_ini,
    pick_plain,
    read_pytest_settings,
    read_text,
    read_toml,
    split_words,
)

_TEST_NAMES = ("test", "tests", "testing", "unittest", "unittests")
_DEV_NAMES = ("dev", "develop", "development")
_REFERENCE = re.compile(r"\{\[([\w:.-]+)\]([\w-]+)\}")
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(?:\s*\[[^\]]*\])?(?=\s*(?:$|[<>=!~;(,#]))")
_REQUIREMENT_FILE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")
# Keys of a dependency that comes from elsewhere than a registry.
_ELSEWHERE = {"git", "path", "url", "file"}
# Options of pytest and the plugins that know them: pytest refuses to start with an unknown one.
_OPTIONS = {
    "--asyncio-mode": "pytest-asyncio",
    "--benchmark": "pytest-benchmark",
    "--cov": "pytest-cov",
    "--dist": "pytest-xdist",
    "--ds": "pytest-django",
    "--html": "pytest-html",
    "--numprocesses": "pytest-xdist",
    "--reruns": "pytest-rerunfailures",
    "--timeout": "pytest-timeout",
    "-n": "pytest-xdist",
}
_LISTS = ("tests_require", "install_requires")
_SETTINGS = {
    "asyncio_mode": "pytest-asyncio",
    "django_settings_module": "pytest-django",
    "env": "pytest-env",
    "timeout": "pytest-timeout",
}


@dataclass(frozen=True)
class Needs:
    """Requirements of tests.

    ``packages`` are requirement strings, ``files`` paths of requirement files, ``extras`` and ``groups`` names.
    ``dependencies`` are requirement strings of the package itself, which installing it brings anyway.
    """

    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


def pick_for_tests(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``names`` that mean tests, else development."""
    known = {name.lower(): name for name in names}
    tests = [known[name] for name in _TEST_NAMES if name in known]
    return tuple(tests or [known[name] for name in _DEV_NAMES if name in known])


def read_tox(tree: Path, pyproject: dict[str, Any]) -> Needs:
    """Read tox's environments, ``[testenv]`` or TOML's ``env_run_base``."""
    base = get_table(pyproject, "tool", "tox", "env_run_base") or get_table(
        read_toml(tree / "tox.toml"), "env_run_base"
    )
    if base:
        lines = get_strings(base.get("deps"))
        extras = get_strings(base.get("extras"))
        groups = get_strings(base.get("dependency_groups"))
    else:
        legacy = get_table(pyproject, "tool", "tox").get("legacy_tox_ini")
        parser = parse_ini(legacy if isinstance(legacy, str) else read_text(tree / "tox.ini"))
        lines = _lines(parser, "testenv", "deps")
        extras, groups = (
            re.split(r"[\s,]+", "\n".join(_lines(parser, "testenv", key))) for key in ("extras", "dependency_groups")
        )
    files = [found[1] for line in lines if (found := _REQUIREMENT_FILE.match(line)) and (tree / found[1]).is_file()]
    return Needs(tuple(pick_plain(lines)), tuple(extras), tuple(groups), tuple(files))


def _lines(parser: configparser.RawConfigParser, name: str, key: str, depth: int = 0) -> list[str]:
    """Return a setting's lines, references to other sections followed."""
    found: list[str] = []
    for written in parser.get(name, key, fallback="").splitlines():
        line = written.split(" #")[0].strip()
        if (reference := _REFERENCE.fullmatch(line)) and depth < 5:
            found += _lines(parser, reference[1], reference[2], depth + 1)
        else:
            found.append(line)
    return found


def read_hatch(tree: Path, pyproject: dict[str, Any]) -> Needs:
    """Read hatch's environments for tests and the one they inherit."""
    environments = get_table(pyproject, "tool", "hatch", "envs") or get_table(read_toml(tree / "hatch.toml"), "envs")
    names = [name for name in ("default", "hatch-test", *pick_for_tests(environments)) if name in environments]
    found = [get_table(environments, name) for name in names]

    def gather(*keys: str) -> tuple[str, ...]:
        return tuple(entry for each in found for key in keys for entry in get_strings(each.get(key)))

    packages = tuple(pick_plain(gather("dependencies", "extra-dependencies")))
    return Needs(packages, gather("features"), gather("dependency-groups"))


def read_managers(pyproject: dict[str, Any]) -> Iterator[str]:
    """Yield development packages of Poetry, PDM and uv, from old tables."""
    tables = get_table(pyproject, "tool", "poetry")
    groups = get_table(tables, "group")
    for group in pick_for_tests(groups):
        yield from read_poetry(get_table(groups, group, "dependencies"))
    yield from read_poetry(get_table(tables, "dev-dependencies"))
    pdm = get_table(pyproject, "tool", "pdm", "dev-dependencies")
    for group in pick_for_tests(pdm):
        yield from pick_plain(get_strings(pdm[group]))
    yield from pick_plain(get_strings(get_table(pyproject, "tool", "uv").get("dev-dependencies")))


def read_pipfile(tree: Path) -> Iterator[str]:
    """Yield the packages of a Pipfile, development's included.

    They are those of an application: nothing is built from it.
    """
    data = read_toml(tree / "Pipfile")
    for section in ("packages", "dev-packages"):
        yield from read_poetry(get_table(data, section))


def read_poetry(dependencies: dict[str, Any]) -> Iterator[str]:
    """Yield the names of dependencies, with their extras.

    Versions are left out: Poetry's syntax for them is its own.
    """
    for name, value in dependencies.items():
        if name != "python" and not (isinstance(value, dict) and _ELSEWHERE & value.keys()):
            extras = ",".join(get_strings(get_table(value).get("extras")))
            yield from pick_plain([f"{name}[{extras}]" if extras else name])


def read_file(tree: Path, name: str) -> Iterator[str]:
    """Yield the requirements of a requirement file and of those it names.

    Options are left out, as are packages in folders. Each file is read once, and none outside the tree.
    """
    known = {name}
    waiting = [name]
    while waiting:
        folder = posixpath.dirname(waiting[-1])
        for written in re.sub(r"\\\n", " ", read_text(tree / waiting.pop())).splitlines():
            line = re.split(r"(?:^|\s)#|\s--", written)[0].strip()
            other = _REQUIREMENT_FILE.match(written.strip())
            path = posixpath.normpath(posixpath.join(folder, other[1])) if other is not None else ""
            if path and path not in known and path.split("/")[0] not in ("", ".."):
                known.add(path)
                waiting.append(path)
            elif line and not line.startswith(("-", ".", "/")):
                yield line


def read_group(pyproject: dict[str, Any], name: str) -> list[str]:
    """Return the requirements of a dependency group and of those in it.

    https://packaging.python.org/en/latest/specifications/dependency-groups/
    """
    groups = {_normalise(key): entries for key, entries in get_table(pyproject, "dependency-groups").items()}
    found: list[str] = []
    names = [_normalise(name)]
    for one in names:
        entries = groups.get(one)
        for entry in entries if isinstance(entries, list) else []:
            included = entry.get("include-group") if isinstance(entry, dict) else None
            if isinstance(included, str) and _normalise(included) not in names:
                names.append(_normalise(included))
            # anything else would be an option or a folder
            elif isinstance(entry, str) and entry[:1].isalnum():
                found.append(entry)
    return found


def _normalise(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def loosen(entry: str) -> str | None:
    """Return a registry requirement without its version.

    Extras and marker stay. Returns None for what comes from an address or a folder.
    """
    name, _, marker = entry.partition(";")
    match = _NAME.match(name.strip())
    if match is None:
        return None
    return f"{match[0]};{marker}" if marker.strip() else match[0]


def read_setup_py(text: str) -> Needs:
    """Read the requirements of a setup.py that are written out in it."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Needs()
    names = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [node for node in ast.walk(module) if isinstance(node, ast.Call)]
    setups = [call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) == "setup"]
    given = {word.arg: word.value for call in setups for word in call.keywords if word.arg}
    given = {key: names.get(value.id, value) if isinstance(value, ast.Name) else value for key, value in given.items()}
    extras = given.get("extras_require")
    keys = extras.keys if isinstance(extras, ast.Dict) else []
    listed = {key: tuple(pick_plain(_constants(getattr(given.get(key), "elts", [])))) for key in _LISTS}
    return Needs(listed["tests_require"], tuple(_constants(keys)), dependencies=listed["install_requires"])


def _constants(nodes: Iterable[ast.AST | None]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def find_pytest_plugins(tree: Path) -> Iterator[str]:
    """Yield the plugins without which pytest would refuse its options."""
    settings = read_pytest_settings(tree)
    yield from pick_plain(split_words(settings.get("required_plugins")))
    yield from (package for key, package in _SETTINGS.items() if key in settings)
    for word in split_words(settings.get("addopts")):
        option = re.match(r"--[a-z]+(?:-mode)?|-n", word)
        if option and option[0] in _OPTIONS:
            yield _OPTIONS[option[0]]
