"""Say which classes a file of Java or Kotlin would put in the place of others: compilers do not ask where it lies."""

from __future__ import annotations

from pathlib import Path

from bot.toolchains.jvm import paths
from bot.toolchains.jvm.sources import read_names
from bot.toolchains.units import walk_files


def find_hidden(path: str, text: str, tree: Path) -> str | None:
    """Return why a file may not hold this text; None where it may. Blocking."""
    if not paths.is_source(path):
        return None
    package, classes = read_names(text)
    if f"{package.replace('.', '/')}/".startswith(paths.FOREIGN):
        return f"`{path}` is in the package `{package}`, so it would be loaded in place of libraries or the runner."
    names = {name.replace(".", "/"): name for name in classes}
    for place in walk_files(tree):
        known = paths.find_class(str(place))
        if known in names and str(place) != path:
            return f"`{path}` has a class `{names[known]}`, which would be loaded in place of that of `{place}`."
    return None
