"""Know lock files that are out of date by what their tools say, and the commands that renew them.

What a log says is words only: whether a lock file is out of date, its own tool says when it is run.
"""

from __future__ import annotations

import json
import posixpath
import re
import shlex
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bot.types import JsonModel

_MOST = 20  # versions that a sentence names


class StaleLock(JsonModel):
    """Lock file that is out of date: its tool, and its path in the repository."""

    tool: str
    path: str

    @property
    def folder(self) -> str:
        """Return the folder that its tool runs in, "" for the root."""
        return posixpath.dirname(self.path)


@dataclass(frozen=True)
class LockTool:
    """Tool that keeps a lock file: its words, and what it runs.

    ``renew`` runs no script of a package and writes nothing but the lock file, except that yarn 1 cannot leave
    ``node_modules`` alone. ``check`` fails with ``said`` where the file is out of date; without one it is not run here.
    """

    name: str
    files: tuple[str, ...]  # the first that is there counts
    said: re.Pattern[str]
    renew: tuple[str, ...]
    check: tuple[str, ...] = ()


_QUIET = ("--ignore-scripts", "--no-audit", "--no-fund")
_TOOLS = (
    LockTool(
        "npm",
        ("npm-shrinkwrap.json", "package-lock.json"),
        re.compile(r"`npm ci` can only install (?:packages )?when your package\.json and (?:package-lock|npm-shrink)"),
        ("npm", "install", "--package-lock-only", *_QUIET),
        ("npm", "ci", "--dry-run", *_QUIET),
    ),
    LockTool(
        "uv",
        ("uv.lock",),
        re.compile(r"lockfile at `[^`\n]*uv\.lock` needs to be updated"),
        ("uv", "lock", "--no-build"),
        ("uv", "lock", "--check", "--no-build"),
    ),
    LockTool(
        "poetry",
        ("poetry.lock",),
        re.compile(
            r"pyproject\.toml changed significantly since poetry\.lock|poetry\.lock is not (?:up to date|consistent)"
        ),
        ("poetry", "lock"),
    ),
    LockTool(
        "cargo",
        ("Cargo.lock",),
        re.compile(
            r"lock file \S*Cargo\.lock (?:needs to be updated but|because) --(?:locked|frozen) was passed"
        ),
        ("cargo", "update", "--workspace"),
    ),
    LockTool(
        "bundler",
        ("Gemfile.lock", "gems.locked"),
        re.compile(
            r"lockfile can't be updated because frozen mode is set"
            r"|trying to install in deployment mode after changing\s+your Gemfile"
        ),
        ("bundle", "lock"),
    ),
    LockTool(
        "pnpm",
        ("pnpm-lock.yaml",),
        re.compile(r"ERR_PNPM_OUTDATED_LOCKFILE"),
        ("pnpm", "install", "--lockfile-only", "--ignore-scripts"),
    ),
    # Both generations keep a file of this name. The first passes over the second's --mode, and then runs scripts.
    LockTool(
        "yarn 1",
        ("yarn.lock",),
        re.compile(r"lockfile needs to be updated, but yarn was run with `--frozen-lockfile`"),
        ("yarn", "install", "--ignore-scripts"),
    ),
    LockTool(
        "yarn",
        ("yarn.lock",),
        re.compile(r"lockfile would have been modified by this install, which is explicitly forbidden"),
        ("yarn", "install", "--mode=update-lockfile"),
    ),
)  # fmt: skip


def find_stale(said: str, folder: str, paths: Collection[str]) -> StaleLock | None:
    """Return the lock file of which a log says that it is out of date.

    It is the nearest one of ``paths`` from the step's ``folder`` upwards. None where the log says nothing of it, or
    there is no such file.
    """
    tool = next((one for one in _TOOLS if one.said.search(said)), None)
    place = posixpath.normpath(folder or ".").strip("/")
    while tool is not None and not place.startswith(".."):
        for name in tool.files:
            if (path := posixpath.normpath(posixpath.join(place, name))) in paths:
                return StaleLock(tool=tool.name, path=path)
        if place == ".":
            break
        place = posixpath.dirname(place) or "."
    return None


def get_tool(lock: StaleLock) -> LockTool:
    """Return the tool that keeps a lock file."""
    return next(one for one in _TOOLS if one.name == lock.tool)


def write_line(lock: StaleLock, argv: tuple[str, ...]) -> str:
    """Write what a person would type at the root of the repository."""
    line = shlex.join(argv)
    return f"(cd {shlex.quote(lock.folder)} && {line})" if lock.folder else line


def describe_versions(path: str, before: str, after: str) -> str:
    """Say which versions differ between two texts of a lock file."""
    old = _read_versions(path, before)
    new = _read_versions(path, after)
    if old is None or new is None:
        return "which versions differ could not be read from it"
    told = []
    for name in sorted(old.keys() | new.keys()):
        was, now = (", ".join(sorted(one.get(name, ()))) for one in (old, new))
        if was != now:
            told.append(_describe(name, was, now))
    more = f" and {len(told) - _MOST} more" if len(told) > _MOST else ""
    return f"{'; '.join(told[:_MOST])}{more}" if told else "no version differs"


def _describe(name: str, was: str, now: str) -> str:
    if not was:
        return f"`{_clean(name)} {_clean(now)}` added"
    if not now:
        return f"`{_clean(name)} {_clean(was)}` removed"
    return f"`{_clean(name)} {_clean(was)}` -> `{_clean(now)}`"


def _clean(text: str) -> str:
    """Return a name or version without what could end its quotes."""
    return re.sub(r"[^\w.@/+!*, :-]", "?", text)[:100]


def _read_versions(path: str, text: str) -> dict[str, set[str]] | None:
    """Return the versions of each package; None for what cannot be read."""
    try:
        data: Any = json.loads(text) if path.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError):
        return None
    key = "packages" if path.endswith(".json") else "package"
    packages = data.get(key) if isinstance(data, dict) else None
    found: dict[str, set[str]] = {}
    for name, version in _list_packages(packages):
        found.setdefault(name, set()).add(version)
    return found if packages else None


def _list_packages(packages: Any) -> list[tuple[str, str]]:
    if isinstance(packages, dict):  # npm's, by their folders; "" is the project itself
        named = [(place.rpartition("node_modules/")[2], entry) for place, entry in packages.items() if place]
    else:
        entries = packages if isinstance(packages, list) else []
        named = [(str(entry.get("name", "")), entry) for entry in entries if isinstance(entry, Mapping)]
    return [(name, str(entry["version"])) for name, entry in named if isinstance(entry, Mapping) and "version" in entry]
