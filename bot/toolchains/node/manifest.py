"""Read package.json and the files beside it. All of it is hostile: what is not of its type counts as absent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from bot.types import JsonModel
from bot.untrusted_yaml import load_yaml

_MOST_BYTES = 2_000_000
_MOST_YAML = 64_000
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


class Manifest(JsonModel):
    """The package.json of a folder, as far as it matters here.

    ``dependencies`` are the names and ranges of all kinds, ``workspaces`` the patterns of its members' folders;
    ``configures`` are the runners it configures itself.
    """

    scripts: dict[str, str] = Field(default_factory=dict)
    dependencies: dict[str, str] = Field(default_factory=dict)
    workspaces: tuple[str, ...] = ()
    package_manager: str = ""
    node: str = ""
    configures: tuple[str, ...] = ()


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of a folder; None where there is none. Blocking."""
    data = read_json(folder / "package.json")
    if not isinstance(data, dict):
        return None
    workspaces = data.get("workspaces")
    if isinstance(workspaces, dict):
        workspaces = workspaces.get("packages")
    patterns = [*_strings(workspaces), *_read_pnpm_workspace(folder)]
    return Manifest(
        scripts=_texts(data.get("scripts")),
        dependencies={name: text for kind in _DEPENDENCIES for name, text in _texts(data.get(kind)).items()},
        workspaces=tuple(dict.fromkeys(patterns)),
        package_manager=data["packageManager"] if isinstance(data.get("packageManager"), str) else "",
        node=_texts(data.get("engines")).get("node", ""),
        configures=tuple(name for name in ("vitest", "jest", "mocha", "ava") if data.get(name)),
    )


def read_json(file: Path, clean: Callable[[str], str] = str) -> Any:
    """Return the value of a JSON file of ordinary size, else None. Blocking.

    ``clean`` removes what is not JSON.
    """
    try:
        return json.loads(clean(_read_text(file)))
    except (OSError, ValueError, RecursionError):
        return None


def read_yaml(file: Path) -> Any:
    """Return the value of a small YAML file, else None. Blocking."""
    try:
        text = _read_text(file)
        return load_yaml(text) if len(text) <= _MOST_YAML else None
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return None


def _read_text(file: Path) -> str:
    """Return an ordinary file's text, "" for anything else."""
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _MOST_BYTES:
        return ""
    return file.read_bytes().decode("utf-8-sig", "replace")


def _read_pnpm_workspace(folder: Path) -> list[str]:
    data = read_yaml(folder / "pnpm-workspace.yaml")
    return _strings(data.get("packages")) if isinstance(data, dict) else []


def _strings(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _texts(value: Any) -> dict[str, str]:
    found: Mapping[Any, Any] = value if isinstance(value, dict) else {}
    return {key: one for key, one in found.items() if isinstance(key, str) and isinstance(one, str)}
