"""Read what tests need from tox, hatch, Poetry, PDM, uv and setup.py."""

from __future__ import annotations

import ast
import configparser
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.toolchains.python.config import ini_of, plain, pytest_settings, strings, table, text_of, toml_of, words

_TEST_NAMES = ("test", "tests", "testing", "unittest", "unittests")
_DEV_NAMES = ("dev", "develop", "development")
_REFERENCE = re.compile(r"\{\[([\w:.-]+)\]([\w-]+)\}")
_REQUIREMENT_FILE = re.compile(r"(?:-r|--requirement)[ =]?\s*(\S+)")
# what is no requirement of its own: it comes from elsewhere than a registry
_ELSEWHERE = {"git", "path", "url", "file"}
# pytest does not start where an option of its configuration is unknown
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
    """The requirements of tests.

    ``packages`` are requirement strings, ``files`` paths of requirement files, ``extras`` and ``groups`` names.

    ``dependencies`` are requirement strings of the package itself, which installing it brings anyway.
    """

    packages: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


def for_tests(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``names`` that mean tests, else development."""
    known = {name.lower(): name for name in names}
    tests = [known[name] for name in _TEST_NAMES if name in known]
    return tuple(tests or [known[name] for name in _DEV_NAMES if name in known])


def tox(tree: Path, pyproject: dict[str, Any]) -> Needs:
    """Read what holds for every environment of tox.

    That is ``[testenv]``, or ``env_run_base`` of the TOML form.
    """
    base = table(pyproject, "tool", "tox", "env_run_base") or table(toml_of(tree / "tox.toml"), "env_run_base")
    if base:
        lines = strings(base.get("deps"))
        extras = strings(base.get("extras"))
        groups = strings(base.get("dependency_groups"))
    else:
        legacy = table(pyproject, "tool", "tox").get("legacy_tox_ini")
        parser = ini_of(legacy if isinstance(legacy, str) else text_of(tree / "tox.ini"))
        lines = _lines(parser, "testenv", "deps")
        extras, groups = (
            re.split(r"[\s,]+", "\n".join(_lines(parser, "testenv", key))) for key in ("extras", "dependency_groups")
        )
    files = [found[1] for line in lines if (found := _REQUIREMENT_FILE.match(line)) and (tree / found[1]).is_file()]
    return Needs(tuple(plain(lines)), tuple(extras), tuple(groups), tuple(files))


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


def hatch(tree: Path, pyproject: dict[str, Any]) -> Needs:
    """Read hatch's environments for tests and the one they inherit."""
    environments = table(pyproject, "tool", "hatch", "envs") or table(toml_of(tree / "hatch.toml"), "envs")
    names = [name for name in ("default", "hatch-test", *for_tests(environments)) if name in environments]
    found = [table(environments, name) for name in names]

    def gathered(*keys: str) -> tuple[str, ...]:
        return tuple(entry for each in found for key in keys for entry in strings(each.get(key)))

    packages = tuple(plain(gathered("dependencies", "extra-dependencies")))
    return Needs(packages, gathered("features"), gathered("dependency-groups"))


def managers(pyproject: dict[str, Any]) -> Iterator[str]:
    """Yield development packages of Poetry, PDM and uv.

    Their tables came before ``[dependency-groups]``.
    """
    tables = table(pyproject, "tool", "poetry")
    groups = table(tables, "group")
    for group in for_tests(groups):
        yield from poetry(table(groups, group, "dependencies"))
    yield from poetry(table(tables, "dev-dependencies"))
    pdm = table(pyproject, "tool", "pdm", "dev-dependencies")
    for group in for_tests(pdm):
        yield from plain(strings(pdm[group]))
    yield from plain(strings(table(pyproject, "tool", "uv").get("dev-dependencies")))


def poetry(dependencies: dict[str, Any]) -> Iterator[str]:
    """Yield the names of dependencies, with their extras.

    Poetry writes versions in a way of its own.
    """
    for name, said in dependencies.items():
        if name != "python" and not (isinstance(said, dict) and _ELSEWHERE & said.keys()):
            extras = ",".join(strings(table({"said": said}, "said").get("extras")))
            yield from plain([f"{name}[{extras}]" if extras else name])


def setup_py(text: str) -> Needs:
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
    given = {word.arg: word.value for call in calls if _called(call) == "setup" for word in call.keywords if word.arg}
    given = {key: names.get(value.id, value) if isinstance(value, ast.Name) else value for key, value in given.items()}
    extras = given.get("extras_require")
    keys = extras.keys if isinstance(extras, ast.Dict) else []
    listed = {key: tuple(plain(_constants(getattr(given.get(key), "elts", [])))) for key in _LISTS}
    return Needs(listed["tests_require"], tuple(_constants(keys)), dependencies=listed["install_requires"])


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def _constants(nodes: Iterable[ast.AST | None]) -> list[str]:
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def pytest_plugins(tree: Path) -> Iterator[str]:
    """Yield the plugins without which pytest would not understand its own configuration here."""
    settings = pytest_settings(tree)
    yield from plain(words(settings.get("required_plugins")))
    yield from (package for key, package in _SETTINGS.items() if key in settings)
    for word in words(settings.get("addopts")):
        option = re.match(r"--[a-z]+(?:-mode)?|-n", word)
        if option and option[0] in _OPTIONS:
            yield _OPTIONS[option[0]]
