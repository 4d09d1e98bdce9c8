"""Choose what counts the lines that tests run: V8 itself, or jest, which changes files before it runs them."""

from __future__ import annotations

from collections.abc import Collection

from bot.toolchains.coverage import COVERAGE, Counter
from bot.toolchains.lcov import read_lcov
from bot.toolchains.node import paths
from bot.toolchains.node.detection import Project
from bot.toolchains.node.v8 import read_v8

_BY_V8 = {"node:test", "mocha", "ava"}
# What V8 runs as it stands in the file.
_PLAIN = (".js", ".mjs", ".cjs")
JEST = ("--coverage", "--coverageReporters=lcovonly", f"--coverageDirectory={COVERAGE}", "--coverageThreshold={}")


def make_counter(project: Project, roots: Collection[str]) -> Counter | None:
    """Return what counts a project's lines; None where nothing can.

    ``roots`` are where the tree lies as a process sees it. What a build made of the files is not these files.
    """
    runner = project.command.runner if project.command is not None and not project.builds else ""
    folders = {**dict.fromkeys(roots, ""), "": project.unit.root}
    if runner == "jest":
        return Counter(_is_code, read_lcov, folders, "lcov.info")
    plain = Counter(lambda path: _is_code(path) and path.endswith(_PLAIN), read_v8, folders)
    return plain if runner in _BY_V8 else None


def set_variables(project: Project) -> dict[str, str]:
    """Return the variables by which a run of tests counts lines."""
    jest = project.command is not None and project.command.runner == "jest"
    return {} if jest else {"NODE_V8_COVERAGE": COVERAGE}


def _is_code(path: str) -> bool:
    return paths.is_source(path) and not paths.is_test(path)
