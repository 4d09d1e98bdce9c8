"""Name the modules of a tree, and the modules that its imports mean."""

from __future__ import annotations

import keyword
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from bot.git.paths import parents

_ROOTS = ("src", "lib")  # hold packages and are none, where nothing says so


@dataclass(frozen=True)
class Module:
    """A Python file by the name under which it is imported."""

    name: str
    path: str

    @property
    def is_package(self) -> bool:
        return self.path.endswith("/__init__.py")

    def absolute(self, level: int, target: str) -> str:
        """Return the module that ``from ..target import`` means here."""
        if not level:
            return target
        parts = self.name.split(".")
        kept = parts[: len(parts) - level + self.is_package]
        return ".".join([*kept, target] if target else kept)


def find_modules(paths: Iterable[str]) -> dict[str, Module]:
    """Return the modules of a tree by name.

    A name starts below the outermost folder with an ``__init__.py``; outside of packages at ``src``, or the root.
    """
    files = [path for path in paths if path.endswith(".py")]
    packages = {path.rpartition("/")[0] for path in files if path.endswith("/__init__.py")}
    found: dict[str, Module] = {}
    for path in files:
        root = _root(path, packages)
        parts = path.removeprefix(f"{root}/" if root else "").removesuffix(".py").split("/")
        if len(parts) > 1 and parts[-1] == "__init__":
            parts.pop()
        if all(part.isidentifier() and not keyword.iskeyword(part) for part in parts):
            name = ".".join(parts)
            found.setdefault(name, Module(name, path))
    return found


def _root(path: str, packages: Collection[str]) -> str:
    """Return the folder from which a file's modules are named."""
    above = parents(path)
    outermost = next((folder for folder in above if folder in packages), None)
    if outermost is not None:
        return outermost.rpartition("/")[0]
    return above[0] if above and above[0] in _ROOTS else ""
