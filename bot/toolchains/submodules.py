"""Find the git submodules that a checkout lacks.

They are not fetched, and nothing can be imported from them.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_MAX_BYTES = 100_000
# git quotes a value with a sign that would begin a comment
_PATH = re.compile(
    r'^(?:[ \t]*\[[^\]\n]*\])?\s*path\s*=\s*(?:"((?:[^"\\\n]|\\.)+)"|([^\s#;"][^#;\n]*?))\s*(?:[#;].*)?$',
    re.MULTILINE | re.IGNORECASE,
)


def describe_missing(tree: Path) -> tuple[str, ...]:
    """Return a sentence that names missing submodules, or (). Blocking."""
    file = tree / ".gitmodules"
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _MAX_BYTES:
        return ()
    found = _PATH.findall(file.read_text(errors="replace"))
    paths = [re.sub(r"\\(.)", r"\1", quoted) or bare for quoted, bare in found]
    empty = [path for path in paths if ".." not in path.split("/") and not _holds_files(tree / path.lstrip("/"))]
    if not empty:
        return ()
    names = ", ".join(f"`{path}`" for path in empty)
    what = f"submodules {names} are" if len(empty) > 1 else f"submodule {names} is"
    return (f"The git {what} missing here: submodules are not fetched.",)


def _holds_files(folder: Path) -> bool:
    try:
        with os.scandir(folder) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
