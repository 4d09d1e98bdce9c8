"""Fill and read the shell lines that a policy sets."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Sequence
from pathlib import PurePosixPath

from bot.toolchains.reading import JUNIT_FILE

RESULTS = "/forgehand/results"
JUNIT = f"{RESULTS}/{JUNIT_FILE}"
_PLACEHOLDER = re.compile(r"\{(tests|results|modules(?::[\w./-]*)?)\}")
_MAKEFILES = {"GNUmakefile", "makefile", "Makefile"}
# A script at the start of a command, or given to an interpreter.
_SCRIPT = re.compile(
    r"(?:^|[;&|(])\s*((?:[\w.-]*/)+[\w.-]+)|\b(?:python[\d.]*|sh|bash|node)\s+(?:-[\w=-]+\s+)*([\w./-]+)"
)


def selector(target: str) -> str:
    """Return a test's name for a foreign runner, alike for equal ids."""
    return re.sub(r"(?<=\S)#(?:[2-9]|[1-9]\d+)$", "", target)


def escape_target(target: str) -> str:
    """Return a target that cannot be read as an option."""
    return f"./{target}" if target.startswith(("-", "@")) else target


def fill_placeholders(line: str, targets: Sequence[str]) -> str:
    """Fill the placeholders of the policy's shell line, quoting values.

    ``{tests}``: the targets; ``{modules}`` or ``{modules:folder}``: the same as dotted names (below ``folder``), which
    is how unittest and Django's runner take them; ``{results}``: where a JUnit file is to be written.
    """

    selected = list(dict.fromkeys(selector(target) for target in targets))

    def fill(found: re.Match[str]) -> str:
        name, _, folder = found[1].partition(":")
        if name == "results":
            return JUNIT
        written = [dotted(target, folder) if name == "modules" else escape_target(target) for target in selected]
        return shlex.join(one for one in written if one)

    return _PLACEHOLDER.sub(fill, line).strip()


def dotted(target: str, folder: str) -> str:
    """Return a target as a dotted name, below ``folder`` where it lies there."""
    path, _, rest = target.partition("::")
    place = PurePosixPath(path)
    if folder and place.is_relative_to(folder):
        place = place.relative_to(folder)
    parts = [part for part in (place.with_suffix("") if place.name else place).parts if part != "/"]
    dotted = ".".join(parts[:-1] if parts[-1:] == ["__init__"] else parts)
    return ".".join([dotted, *rest.split("::")]) if rest else dotted


def is_run_by(line: str, path: str) -> bool:
    """Return whether a shell line, or the Makefile of it, runs a script."""
    if posixpath.basename(path) in _MAKEFILES and re.search(r"\bg?make\b", line):
        return True
    scripts = [re.sub(r"^(\.\./)+", "", posixpath.normpath(one or two)) for one, two in _SCRIPT.findall(line)]
    return any(f"/{path}".endswith(f"/{script}") for script in scripts)
