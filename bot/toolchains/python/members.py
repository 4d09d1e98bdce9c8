"""Find the packages of a repository that is none itself. Blocking.

It is a uv workspace, or has packages in folders.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.toolchains.python.config import get_strings, get_table, parse_ini, read_text, read_toml

# Members that are installed: a monorepo of hundreds would take hours.
_MOST = 40
_REQUIREMENTS = "*requirements*.txt"
_NO_PRODUCT = {
    "benchmarks",
    "doc",
    "docs",
    "examples",
    "samples",
    "templates",
    "test",
    "tests",
    "third_party",
    "vendor",
}


def find_members(tree: Path) -> list[Path]:
    """Find the folders to install where the root cannot be built.

    They are those its workspace names, else those that can be built at most two levels down, else, where the root
    declares nothing at all, those with requirements.
    """
    pyproject = read_toml(tree / "pyproject.toml")
    if can_be_built(tree):
        return []
    if workspace := get_table(pyproject, "tool", "uv", "workspace"):
        left_out = set(_matching(tree, get_strings(workspace.get("exclude"))))
        return [path for path in _matching(tree, get_strings(workspace.get("members"))) if path not in left_out][:_MOST]
    near = [path for path in _matching(tree, ("*", "*/*")) if not _is_aside(path.relative_to(tree))]
    found = [path for path in near if can_be_built(path)]
    if not found and not pyproject and not any(tree.glob(_REQUIREMENTS)):
        found = [path for path in near if path.parent == tree and any(path.glob(_REQUIREMENTS))]
    return found[:_MOST]


def find_import_roots(tree: Path) -> list[str]:
    """Return the folders that tests import from, below ``tree``.

    These are ``src`` and ``lib`` or the root, and the same of its members.
    """
    own = [name for name in ("src", "lib") if any((tree / name).glob("*/__init__.py"))] or [""]
    places = [path / "src" if (path / "src").is_dir() else path for path in find_members(tree)]
    return [*own, *(place.relative_to(tree).as_posix() for place in places)]


def can_be_built(folder: Path) -> bool:
    """Return whether a folder is a package, as uv and Poetry read it.

    A project table without a build system lists dependencies of something not installed
    (https://docs.astral.sh/uv/concepts/projects/config/#build-systems); ``package-mode`` and ``package`` say so
    explicitly.
    """
    pyproject = read_toml(folder / "pyproject.toml")
    if get_table(pyproject, "tool", "poetry").get("package-mode") is False:
        return False
    if get_table(pyproject, "tool", "uv").get("package") is False:
        return False
    if "build-system" in pyproject or read_text(folder / "setup.py"):
        return True
    return parse_ini(read_text(folder / "setup.cfg")).has_section("metadata")


def workspace_names(pyproject: dict[str, Any]) -> set[str]:
    """Return the names of dependencies that the workspace itself has."""
    sources = get_table(pyproject, "tool", "uv", "sources")
    return {name for name in sources if get_table(sources, name).get("workspace") is True}


def _matching(tree: Path, patterns: list[str] | tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        if not pattern.startswith("/") and ".." not in pattern.split("/"):
            yield from (path for path in sorted(tree.glob(pattern)) if path.is_dir() and not path.is_symlink())


def _is_aside(path: Path) -> bool:
    return any(part.startswith((".", "_")) or part in _NO_PRODUCT or part == "node_modules" for part in path.parts)
