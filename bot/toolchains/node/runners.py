"""Write the command lines of the runners, each with our reporter."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Sequence
from pathlib import Path

from bot.sandbox.port import WORK
from bot.toolchains.node.counting import JEST
from bot.toolchains.node.detection import Project
from bot.toolchains.node.manifest import read_json
from bot.toolchains.node.script import Command
from bot.toolchains.port import ToolchainError

INSIDE = "/forgehand/node"
_RECORDS = f"{INSIDE}/forgehand_records.cjs"
_BINS = {"vitest": "vitest", "jest": "jest", "mocha": "mocha", "ava": "ava"}
# Options that a reporter of ours needs, or that a verdict must not hang on: retries hide failures, a bail loses tests.
_OPTIONS = {
    "vitest": ["--reporter=default", "--retry=0", "--bail=0", "--coverage.enabled=false", "--no-color"],
    "jest": ["--ci", "--reporters=default", f"--reporters={INSIDE}/forgehand_jest.cjs", "--testLocationInResults",
             "--cacheDirectory=/tmp/jest", "--bail=0", "--watchAll=false"],
    "mocha": ["--reporter", f"{INSIDE}/forgehand_mocha.cjs", "--retries", "0"],
    "ava": ["--tap", "--no-fail-fast"],
}  # fmt: skip
# What old and new vitest need beside.
_VITEST = {
    False: [f"--reporter={INSIDE}/forgehand_vitest_old.mjs"],
    True: [f"--reporter={INSIDE}/forgehand_vitest.mjs", "--configLoader=runner"],
}
# Reporters that take the records before the runner loads any code of the repository; ava takes no reporter at all.
_PRELOADED = {
    "ava": ["--import", f"{INSIDE}/forgehand_ava.mjs"],
    "jest": ["--require", f"{INSIDE}/forgehand_jest.cjs"],
    "mocha": ["--require", f"{INSIDE}/forgehand_mocha.cjs"],
}
# The first vitest that reads its own configuration without writing beside it, and has today's interface of reporters.
_NEW_VITEST = 3
# The first mocha whose program does not start another one, and the first that may run files beside each other.
_WHOLE_MOCHA = 6
_PARALLEL_MOCHA = 8


def build(project: Project, env: Path, files: Sequence[str], *, counting: bool = False) -> list[str]:
    """Return the command that runs ``files`` of the unit, or everything.

    ``counting``: it is to count lines.
    """
    command = project.command
    if command is None:
        return ["npm", "test"]
    if command.runner == "node:test":
        return ["node", "--require", _RECORDS, *command.node, *_node_test(files)]
    package, place = _find_package(project, env, command.runner)
    major = _major_of(package)
    program = posixpath.normpath(posixpath.join(place, _find_program(package, command, major)))
    preload = _PRELOADED.get(command.runner, [])
    options = [*command.options, *_OPTIONS[command.runner]]
    if command.runner == "vitest":
        options = ["run", *options, *_VITEST[major >= _NEW_VITEST]]
    if command.runner == "mocha":
        options += ["--no-bail"] if major >= _WHOLE_MOCHA else []
        options += ["--no-parallel"] if major >= _PARALLEL_MOCHA else []
    if command.runner == "jest":
        options += JEST if counting else ["--coverage=false"]
        options += ["--runTestsByPath"] if files else []
    return ["node", "--require", _RECORDS, *preload, *command.node, program, *options, *(files or command.files)]


def _find_program(package: dict[str, object], command: Command, major: int) -> str:
    if command.runner != "mocha":
        return _bin_of(package, command.runner)
    if major < _WHOLE_MOCHA:
        return _bin_of(package, "_mocha")
    # what mocha itself starts, once more, where there are options for node
    return "lib/cli/cli.js" if command.node else _bin_of(package, "mocha")


def _node_test(files: Sequence[str]) -> list[str]:
    reporters = ["spec", f"{INSIDE}/forgehand_node.mjs"]
    options = [f"--test-reporter={one}" for one in reporters]
    return ["--test", *options, "--test-reporter-destination=stdout", "--test-reporter-destination=/dev/null", *files]


def expand(folder: Path, patterns: Sequence[str]) -> list[str]:
    """Return the files of patterns, which node 20 does not take. Blocking."""
    found: list[str] = []
    for pattern in patterns:
        is_glob = any(sign in pattern for sign in "*?[") and not pattern.startswith("/")
        paths = sorted(path.relative_to(folder).as_posix() for path in folder.glob(pattern)) if is_glob else []
        found += [path for path in paths if "node_modules" not in path.split("/")] or [pattern]
    return found


def _find_package(project: Project, env: Path, name: str) -> tuple[dict[str, object], str]:
    """Return a runner's package.json and its place inside: the nearest one."""
    folder = project.unit.root
    while True:
        place = posixpath.join(folder, "node_modules", name)
        data = read_json((env / "modules" / place / "package.json").resolve())
        if isinstance(data, dict):
            return data, posixpath.join(WORK, place)
        if not folder:
            break
        folder = posixpath.dirname(folder)
    where = f" in `{project.unit.root}`" if project.unit.root else ""
    raise ToolchainError(
        f"`{name}` runs the tests{where} but is not among the installed packages; package.json must name it."
    )


def _major_of(package: dict[str, object]) -> int:
    major = str(package.get("version", "0")).partition(".")[0]
    return int(major) if major.isdigit() else 0


def _bin_of(package: dict[str, object], name: str) -> str:
    listed = package.get("bin")
    found = listed.get(name) if isinstance(listed, dict) else listed
    if not isinstance(found, str):
        raise ToolchainError(f"The installed `{name}` has no program of that name.")
    return found


def render(project: Project, files: Sequence[str]) -> str:
    """Render what a person would type."""
    command = project.command
    if command is None:
        line = "npm test"
    else:
        named = list(files or command.files)
        if command.runner == "node:test":
            words = ["node", *command.node, "--test", *named]
        else:
            own = command.node if command.runner == "mocha" else ()
            words = [
                "npx",
                command.runner,
                *own,
                *(["run"] if command.runner == "vitest" else []),
                *command.options,
                *named,
            ]
        line = shlex.join(words)
    return f"(cd {shlex.quote(project.unit.root)} && {line})" if project.unit.root else line
