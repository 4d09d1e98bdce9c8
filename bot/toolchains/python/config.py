"""Read a repository's configuration files as plain values.

Unreadable or broken ones count as absent. Blocking.
"""

from __future__ import annotations

import configparser
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_MAX_BYTES = 1_000_000
# a name with extras, a version and a marker; no option, no URL, nothing left to be filled in
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.\-]*(\s*\[[\w,.\- ]+\])?\s*([<>=!~;(][^{}]*)?")


def text_of(path: Path, most: int = _MAX_BYTES) -> str:
    """Return the text of a file of at most ``most`` bytes, or "" for a link."""
    try:
        return path.read_text(errors="replace") if path.stat().st_size <= most and not path.is_symlink() else ""
    except OSError:
        return ""


def toml_of(path: Path, most: int = _MAX_BYTES) -> dict[str, Any]:
    try:
        return tomllib.loads(text_of(path, most))
    except tomllib.TOMLDecodeError:
        return {}


def ini_of(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def table(data: Any, *names: str) -> dict[str, Any]:
    """Return the table below ``names``; empty where there is none."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def section(parser: configparser.RawConfigParser, name: str) -> dict[str, str]:
    return dict(parser.items(name)) if parser.has_section(name) else {}


def strings(value: Any) -> list[str]:
    """Return the strings of a list; empty for anything else."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []


def plain(entries: Iterable[str]) -> Iterator[str]:
    """Yield those of ``entries`` that are plain registry requirements."""
    yield from (entry.strip() for entry in entries if _REQUIREMENT.fullmatch(entry.strip()))


def pytest_settings(tree: Path) -> dict[str, Any]:
    """Return pytest's configuration, keys in lower case; of several files that hold one the last wins here."""
    settings: dict[str, Any] = {}
    for name in ("pytest.ini", ".pytest.ini", "tox.ini"):
        settings |= section(ini_of(text_of(tree / name)), "pytest")
    settings |= section(ini_of(text_of(tree / "setup.cfg")), "tool:pytest")
    for name in ("pytest.toml", ".pytest.toml"):
        settings |= table(toml_of(tree / name), "pytest")
    pyproject = toml_of(tree / "pyproject.toml")
    settings |= table(pyproject, "tool", "pytest") | table(pyproject, "tool", "pytest", "ini_options")
    return {key.lower(): value for key, value in settings.items()}


def words(value: Any) -> list[str]:
    """Return the words of a setting that is written as one string or as a list."""
    return value.split() if isinstance(value, str) else strings(value)
