"""Refuse new files that would be loaded in place of a module something else relies on.

Decided by names alone, after how node, jest and bundlers resolve them (https://nodejs.org/api/modules.html#all-together).
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from bot.toolchains.node.paths import SUFFIXES

_LOADED = (*SUFFIXES, ".json", ".node", ".vue", ".svelte")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why a new file would hide a module; None if not. Blocking.

    ``tree`` is the base. See :meth:`bot.toolchains.port.Toolchain.shadows`.
    """
    file = PurePosixPath(path)
    if "node_modules" in file.parts:
        return f"`{path}` lies in node_modules, where installed packages are."
    if (tree / file).exists():
        return None
    if "__mocks__" in file.parts[:-1]:
        return f"`{path}` would stand in for a module wherever tests load it; mock it in the test itself."
    if not file.name.endswith(_LOADED) or file.name.endswith(".d.ts"):
        return None
    stem = file.name.removesuffix(next(one for one in _LOADED if file.name.endswith(one)))
    folder = tree / file.parent
    twins = (folder / f"{stem}{suffix}" for suffix in _LOADED)
    below = (folder / stem / f"index{suffix}" for suffix in _LOADED)
    taken = next((one for one in (*twins, *below) if one.is_file()), None)
    if taken is None:
        return None
    other = taken.relative_to(tree).as_posix()
    return f"`{path}` may be loaded in place of `{other}`; choose another name."
