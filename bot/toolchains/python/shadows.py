"""Refuse new files that would hide a module something else relies on.

Decided by names alone.
"""

from __future__ import annotations

import sys
from glob import escape
from pathlib import Path, PurePosixPath

from bot.toolchains.python.config import read_pytest_settings, split_words
from bot.toolchains.python.members import find_import_roots

# Folders where installed projects keep their packages, beside those the toolchain puts on the path.
_ROOTS = ("", "src", "lib")
_SUFFIXES = (".py", ".pyc", ".so", ".pyd")
# Modules that every interpreter imports when it starts; as packages and as binaries their names are not in
# paths.is_test_config.
_AT_START = {"sitecustomize", "usercustomize"}
_OURS = {path.stem for path in (Path(__file__).parent / "inside").glob("forgehand_*.py")}
# Files that have the same name in every folder; pytest imports them in a way of its own.
_EVERYWHERE = {"conftest.py", "__init__.py", "__main__.py", "setup.py"}


def find_conflict(path: str, tree: Path, env: Path, *, is_test: bool = False) -> str | None:
    """Return why a new file would hide a module or a test; None if not.

    ``tree`` is the base, ``env`` the environment. Blocking. The folder of a test is put on the import path as well, by
    pytest: where it is no package, the outermost one. See :meth:`bot.toolchains.port.Toolchain.shadows`.
    """
    file = PurePosixPath(path)
    roots = {*_ROOTS, *find_import_roots(tree), *([_import_root(file, tree)] if is_test else [])}
    for root in sorted(roots):
        if file.is_relative_to(root):
            name = _module(file.relative_to(root))
            home = tree / root
            own = name and ((home / name / "__init__.py").is_file() or _is_file_module(home, name))
            taken = _find_owner(name, env) if name and not own else None
            if taken:
                return f"`{path}` would be imported as `{name}` in place of {taken}; choose another name."
    return _find_namesake(file, tree) if is_test else None


def _import_root(file: PurePosixPath, tree: Path) -> str:
    """Return the nearest folder above a file that is no package."""
    folder = file.parent
    while folder.parts and (tree / folder / "__init__.py").is_file():
        folder = folder.parent
    return folder.as_posix()


def _find_namesake(file: PurePosixPath, tree: Path) -> str | None:
    """Return why a new test cannot have this name.

    Pytest imports two files of one name as one module. It says "import file mismatch" then, and loads one of them only
    (https://docs.pytest.org/en/stable/explanation/pythonpath.html#import-modes).
    """
    if file.suffix != ".py" or file.name in _EVERYWHERE or (tree / file).exists():
        return None
    if "--import-mode=importlib" in " ".join(split_words(read_pytest_settings(tree).get("addopts"))).replace(
        "mode ", "mode="
    ):
        return None
    name = file.relative_to(_import_root(file, tree))
    for other in sorted(tree.rglob(escape(file.name))):
        path = PurePosixPath(other.relative_to(tree).as_posix())
        aside = any(part.startswith(".") or part == "node_modules" for part in path.parts)
        if not aside and path.relative_to(_import_root(path, tree)) == name:
            module = ".".join(name.with_suffix("").parts)
            return f"`{file}` would be imported as `{module}`, as `{path}` is; choose another name."
    return None


def _module(path: PurePosixPath) -> str | None:
    """Return the top-level module a file makes importable, if any."""
    # A directory does so by its ``__init__`` alone: without one, any module of that name found elsewhere wins.
    name, *rest = path.parts or ("",)
    file = rest[0] if len(rest) == 1 else name
    if not file.endswith(_SUFFIXES) or len(rest) > 1 or (rest and file.split(".")[0] != "__init__"):
        return None
    name = name if rest else name.split(".")[0]
    return name if name.isidentifier() else None


def _find_owner(name: str, env: Path) -> str | None:
    if name in sys.stdlib_module_names:
        return "Python's own module"
    if name in _AT_START | _OURS:
        return "a module the test run starts with"
    sites = env.glob("lib/python3*/site-packages")
    if any((site / name).is_dir() or _is_file_module(site, name) for site in sites):
        return "an installed one"
    return None


def _is_file_module(folder: Path, name: str) -> bool:
    return any(found.name.endswith(_SUFFIXES) for found in folder.glob(f"{name}.*"))
