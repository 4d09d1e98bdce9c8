"""Which new files would be imported in place of a module that something else relies on; by names alone."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath

from bot.toolchains.python.members import import_roots

# where installed projects keep their packages, beside what the toolchain puts on the path
_ROOTS = ("", "src", "lib")
_SUFFIXES = (".py", ".pyc", ".so", ".pyd")
# imported by every interpreter that starts; as packages and as binaries they are no test configuration by name
_AT_START = {"sitecustomize", "usercustomize"}
_OURS = {path.stem for path in (Path(__file__).parent / "inside").glob("forgehand_*.py")}


def shadows(path: str, tree: Path, env: Path) -> str | None:
    """See :meth:`bot.toolchains.port.Toolchain.shadows`; ``tree`` is the base. Blocking."""
    for root in {*_ROOTS, *import_roots(tree)}:
        if PurePosixPath(path).is_relative_to(root):
            name = _module(PurePosixPath(path).relative_to(root))
            taken = _owner(name, env) if name and not _is_module(tree / root, name) else None
            if taken:
                return f"`{path}` would be imported as `{name}` in place of {taken}; choose another name."
    return None


def _module(path: PurePosixPath) -> str | None:
    """The top-level module a file makes importable, where it makes one.

    A directory does so by its ``__init__`` alone: without one, any module of that name found elsewhere wins.
    """
    name, *rest = path.parts or ("",)
    file = rest[0] if len(rest) == 1 else name
    if not file.endswith(_SUFFIXES) or len(rest) > 1 or (rest and file.split(".")[0] != "__init__"):
        return None
    name = name if rest else name.split(".")[0]
    return name if name.isidentifier() else None


def _owner(name: str, env: Path) -> str | None:
    if name in sys.stdlib_module_names:
        return "Python's own module"
    if name in _AT_START | _OURS:
        return "a module the test run starts with"
    if any(_is_there(site, name) for site in env.glob("lib/python3*/site-packages")):
        return "an installed one"
    return None


def _is_there(folder: Path, name: str) -> bool:
    return (folder / name).is_dir() or _is_file_module(folder, name)


def _is_module(folder: Path, name: str) -> bool:
    return (folder / name / "__init__.py").is_file() or _is_file_module(folder, name)


def _is_file_module(folder: Path, name: str) -> bool:
    return any(found.name.endswith(_SUFFIXES) for found in folder.glob(f"{name}.*"))
