"""Find where a change makes a check easier instead of passing it: settings of tools, limits, what commands do."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.github.text.diffs import FileDiff

# tables of pyproject.toml and keys of package.json that decide what a check checks
_TOOLS = (
    "ruff", "black", "isort", "flake8", "pylint", "mypy", "pyright", "basedpyright", "bandit", "coverage", "pytest",
    "tox", "nox", "hatch", "poe", "pdm", "taskipy", "vulture", "pydocstyle", "doc8", "codespell", "interrogate",
)  # fmt: skip
_SCRIPTS = ("scripts", "jest", "eslintConfig", "mocha", "ava", "nyc", "c8", "prettier", "xo", "stylelint", "tap")
_NAMES = frozenset(
    [
        "makefile", "gnumakefile", "justfile", "taskfile.yml", "rakefile", "noxfile.py", "tox.ini", "setup.cfg",
        "pytest.ini", ".coveragerc", "codecov.yml", ".codecov.yml", ".rubocop.yml", ".rubocop_todo.yml",
        ".golangci.yml", ".golangci.yaml", "tsconfig.json", "pyrightconfig.json", ".bandit", ".yamllint",
        "conftest.py", "quarantine.yml", "quarantine.yaml", "quarantine.json", "quarantine.txt", "flaky.yml",
        "flaky.json", "flaky.txt",
    ]
)  # fmt: skip
_LIMIT = re.compile(
    r"((?:\w*[_-])?(?:timeout|time[_-]?limit|deadline|retries|reruns|max[_-]attempts|tolerance|max[_-]complexity)\w*)"
    r"['\"]?\s*[=:(]\s*['\"]?(\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
Texts = Mapping[str, tuple[str, str]]
"""The text of each changed file before and after, "" where there is none."""


def find_loosened(files: Sequence[FileDiff], texts: Texts, commands: Sequence[str]) -> Iterator[str]:
    """Yield, in sentences, what makes a check easier to pass."""
    named = {word.removeprefix("./") for command in commands for word in _split(command)}
    for path, (before, after) in texts.items():
        name = path.rpartition("/")[2].casefold()
        if name in _NAMES:
            yield f"{path} decides what is checked, or what a command does"
        elif path in named and before:
            yield f"{path} is named by the failing command: changing it changes the check"
        elif name == "pyproject.toml":
            yield from _compare(path, _read_tools(before), _read_tools(after))
        elif name == "package.json":
            yield from _compare(path, _read_scripts(before), _read_scripts(after))
    yield from _find_raised(files)


def _split(command: str) -> list[str]:
    """Return the words of a command that name scripts, not what they look at."""
    try:
        words = shlex.split(command, comments=True)
    except ValueError:
        words = command.split()
    return [word for word in words if "/" in word and word.endswith((".sh", ".bash", ".mk", ".cfg", ".toml", ".ini"))]


def _compare(path: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[str]:
    if before is None or after is None:
        yield f"{path} cannot be read, so what it decides is not known"
        return
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield f"{path} changes the settings of `{key}`"


def _read_tools(text: str) -> dict[str, Any] | None:
    try:
        tools = tomllib.loads(text).get("tool", {})
    except (tomllib.TOMLDecodeError, AttributeError, RecursionError):
        return None
    return {name: tools[name] for name in _TOOLS if name in tools} if isinstance(tools, dict) else None


def _read_scripts(text: str) -> dict[str, Any] | None:
    try:
        data = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return None
    return {name: data[name] for name in _SCRIPTS if name in data} if isinstance(data, dict) else None


def _find_raised(files: Sequence[FileDiff]) -> Iterator[str]:
    """Yield the time limits, retries and tolerances that are raised."""
    for file in files:
        lines = [line for hunk in file.hunks for line in hunk.lines]
        before = Counter[str]()
        for line in lines:
            for key, value in _LIMIT.findall(line.text) if line.kind == "-" else ():
                before[key.casefold()] = max(before[key.casefold()], round(1000 * float(value)))
        for line in lines:
            for key, value in _LIMIT.findall(line.text) if line.kind == "+" else ():
                known = key.casefold() in before
                if known and round(1000 * float(value)) > before[key.casefold()]:
                    yield f"{file.path} raises a limit: {line.text.strip()[:120]}"
