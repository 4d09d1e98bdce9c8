"""Say which classes a file of C# would put in the place of others: the source wins over what is referenced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bot.toolchains.dotnet.projects import read_text, scan
from bot.toolchains.units import walk_files

# Namespaces of .NET itself, of runners and of the libraries that tests assert by.
_FOREIGN = (
    "System.",
    "Microsoft.",
    "Xunit.",
    "NUnit.",
    "TUnit.",
    "FluentAssertions.",
    "Shouldly.",
    "Moq.",
    "NSubstitute.",
)


def find_hidden(path: str, text: str, tree: Path) -> str | None:
    """Return why a file may not hold this text; None where it may. Blocking."""
    names = set(scan(text)[0]) if path.endswith(".cs") else set()
    foreign = next((name for name in sorted(names) if name.startswith(_FOREIGN)), None)
    if foreign is not None:
        return f"`{path}` has a class `{foreign}`, which would be used in place of one of a library or of the runner."
    files = list(walk_files(tree)) if names else []
    folders = [str(place.parent) for place in files if place.suffix == ".csproj"]
    for place in files:
        # within a project the compiler itself refuses two classes of one name
        if place.suffix == ".cs" and _find_project(folders, str(place)) != _find_project(folders, path):
            both = names & set(scan(read_text(tree / place))[0])
            if both:
                return f"`{path}` has a class `{min(both)}`, which would be used in place of that of `{place}`."
    return None


def _find_project(folders: Sequence[str], path: str) -> str:
    above = (folder for folder in folders if folder == "." or path.startswith(f"{folder}/"))
    return max(above, key=len, default="")
