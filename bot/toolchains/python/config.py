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
# A name with extras, a version and a marker; no option, no URL, no template.
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.\-]*(\s*\[[\w,.\- ]+\])?\s*([<>=!~;(][^{}]*)?")


def read_text(path: Path, most: int = _MAX_BYTES) -> str:
    """Read a file of at most ``most`` bytes; "" for a link."""
    try:
        return path.read_text(errors="replace") if path.stat().st_size <= most and not path.is_symlink() else ""
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return ""


def read_toml(path: Path, most: int = _MAX_BYTES) -> dict[str, Any]:
    """Read a TOML file; {} where it is broken."""
    try:
        return tomllib.loads(read_text(path, most))
    except tomllib.TOMLDecodeError:
        return {}


def parse_ini(text: str) -> configparser.RawConfigParser:
    """Parse an INI text; an empty parser where it is broken."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.RawConfigParser()
    return parser


def get_table(data: Any, *names: str) -> dict[str, Any]:
    """Return the table below ``names``; empty where there is none."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def get_section(parser: configparser.RawConfigParser, name: str) -> dict[str, str]:
    """Return a section's keys and values; {} where there is none."""
    return dict(parser.items(name)) if parser.has_section(name) else {}


def get_strings(value: Any) -> list[str]:
    """Return the strings of a list; empty for anything else."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list | tuple) else []


def pick_plain(entries: Iterable[str]) -> Iterator[str]:
    """Yield those of ``entries`` that are plain registry requirements."""
    yield from (entry.strip() for entry in entries if _REQUIREMENT.fullmatch(entry.strip()))


def read_pytest_settings(tree: Path) -> dict[str, Any]:
    """Read pytest's configuration, keys in lower case; the last file wins."""
    settings: dict[str, Any] = {}
    for name in ("pytest.ini", ".pytest.ini", "tox.ini"):
        settings |= get_section(parse_ini(read_text(tree / name)), "pytest")
    settings |= get_section(parse_ini(read_text(tree / "setup.cfg")), "tool:pytest")
    for name in ("pytest.toml", ".pytest.toml"):
        settings |= get_table(read_toml(tree / name), "pytest")
    pyproject = read_toml(tree / "pyproject.toml")
    settings |= get_table(pyproject, "tool", "pytest") | get_table(pyproject, "tool", "pytest", "ini_options")
    return {key.lower(): value for key, value in settings.items()}


def split_words(value: Any) -> list[str]:
    """Split a setting that is written as one string or as a list."""
    return value.split() if isinstance(value, str) else get_strings(value)
