"""Detect which folders of a repository are JavaScript, and how they are installed and tested.

Files are read; nothing runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from bot.patterns import names
from bot.toolchains.node.manifest import Manifest, read_json, read_manifest
from bot.toolchains.node.mocha import take_node_options
from bot.toolchains.node.script import RUNNERS, Command, fans_out, read_script, split_line
from bot.toolchains.units import Unit, is_sample, walk_files

# The runner where no known one is named: the script as it stands, of which only the exit code counts.
SCRIPT = "npm test"
_DEEPEST = 3
# Scripts that are looked at in this order: the first whose parts hold a runner that is known.
_SCRIPTS = (
    "test",
    "test:unit",
    "unit",
    "tests",
    "test:ci",
    "test:node",
    "test:run",
    "test-unit",
    "vitest",
    "jest",
    "mocha",
)
_CONFIGS = {
    "vitest": ("vitest.config.*", "vitest.workspace.*"),
    "jest": ("jest.config.*",),
    "mocha": (".mocharc*", "mocha.opts"),
    "ava": ("ava.config.*",),
}
_LOCKS = (
    ("pnpm-lock.yaml", "pnpm"), ("yarn.lock", "yarn"), ("package-lock.json", "npm"), ("npm-shrinkwrap.json", "npm"),
)  # fmt: skip
_NAMED = re.compile(r"(npm|pnpm|yarn)@(\d+(?:\.\d+){0,2})")
_DEFAULT_SCRIPT = "no test specified"
_NODE_TEST = re.compile(rb"""(?:from|import|require\()\s*['"]node:test['"]""")
_TEST_NAME = re.compile(r"(?:^|[._-])test[._-]|(?:^|[._-])test\.[cm]?[jt]s$")
_BATS = re.compile(rb"\A#!.*sh\n(?s:.*)\bbats\b")
_MOST_READ = 200


@dataclass(frozen=True)
class Manager:
    """Program that installs.

    ``version`` is what the repository names, "" for any; ``frozen``: there is a lock of its.
    """

    name: str = "npm"
    version: str = ""
    frozen: bool = False


@dataclass(frozen=True)
class Project:
    """Folder that tests itself.

    ``home`` is where it is installed: its own folder, or that of the workspace it belongs to. ``builds`` are commands
    that make what the tests load. ``command`` is None where only the script's exit code counts.
    """

    unit: Unit
    home: str
    manager: Manager
    manifest: Manifest
    command: Command | None = None
    builds: tuple[str, ...] = ()

    @property
    def only_calls_members(self) -> bool:
        """Return whether its tests are those that its members have."""
        return self.command is None and _calls_members(self.manifest)


def find_projects(tree: Path) -> tuple[Project, ...]:
    """Return the folders that test themselves, outer ones first. Blocking.

    A workspace that one runner at its root tests is one folder, else its members are.
    """
    manifests = _find_manifests(tree)
    found: list[Project] = []
    for root in manifests:
        home = _find_home(root, manifests)
        covered = any(one.home == home and one.unit.holds(root) and not one.only_calls_members for one in found)
        # a folder of another project, or of a tool, that has nothing to do with the tests
        aside = root == home != "" and "" in manifests and not any((tree / root / lock).is_file() for lock, _ in _LOCKS)
        project = None if covered or aside else _read_project(tree, root, home, manifests)
        found += [project] if project is not None else []
    members = {one.home for one in found if one.unit.root != one.home}
    return tuple(one for one in found if one.unit.root not in members or not one.only_calls_members)


def _calls_members(manifest: Manifest) -> bool:
    """Return whether a workspace's script runs those of its members."""
    return bool(manifest.workspaces) and fans_out(manifest.scripts, "test")


def _find_manifests(tree: Path) -> dict[str, Manifest]:
    places = (
        "" if str(path.parent) == "." else str(path.parent)
        for path in walk_files(tree, depth=_DEEPEST)
        if path.name == "package.json"
    )
    found = {}
    for root in sorted(places, key=lambda place: (place.count("/"), place)):
        manifest = None if is_sample(root) else read_manifest(tree / root)
        if manifest is not None:
            found[root] = manifest
    return found


def _find_home(root: str, manifests: dict[str, Manifest]) -> str:
    """Return the workspace that a folder is a member of, or itself."""
    for above, manifest in manifests.items():
        inner = root.removeprefix(f"{above}/" if above else "")
        inside = root != above and (not above or root.startswith(f"{above}/"))
        if inside and _is_member(inner, manifest.workspaces):
            return above
    return root


def _is_member(place: str, patterns: Sequence[str]) -> bool:
    wanted = [one.removeprefix("./").rstrip("/") for one in patterns if not one.startswith("!")]
    unwanted = [one[1:].removeprefix("./").rstrip("/") for one in patterns if one.startswith("!")]
    return any(names(f"/{one}", place) for one in wanted) and not any(names(f"/{one}", place) for one in unwanted)


def _read_project(tree: Path, root: str, home: str, manifests: dict[str, Manifest]) -> Project | None:
    manifest = manifests[root]
    folder = tree / root
    manager, said = _find_manager(tree / home, manifests[home])
    found = next(_find_commands(folder, manifest), None)
    if found is None:
        return None
    command, builds, evidence = found
    if command is not None and command.runner == "mocha":
        own, options = take_node_options(tree, root, command.options)
        command = replace(command, node=(*command.node, *own), options=options)
    unit = Unit(
        root=root,
        toolchain="node",
        manager=f"{manager.name}@{manager.version}" if manager.version else manager.name,
        runner=command.runner if command is not None else SCRIPT,
        evidence=(evidence, *said),
    )
    return Project(unit, home, manager, manifest, command, builds)


def _find_commands(folder: Path, manifest: Manifest) -> Iterator[tuple[Command | None, tuple[str, ...], str]]:
    """Yield runners, builds before them and evidence, the surest first."""
    for name in _SCRIPTS:
        if name in manifest.scripts and (script := read_script(manifest.scripts, name)).commands:
            yield script.commands[0], script.builds, f"script `{name}` of package.json"
    for runner in manifest.configures:
        yield Command(runner), (), f"`{runner}` in package.json"
    for runner, patterns in _CONFIGS.items():
        for file in (file for one in patterns for file in sorted(folder.glob(one))):
            yield Command(runner), (), f"`{file.name}`"
    line = manifest.scripts.get("test", "")
    tests = line and _DEFAULT_SCRIPT not in line and (manifest.dependencies or line.startswith("node "))
    named = [runner for runner in RUNNERS[1:] if runner in manifest.dependencies]
    # several may be what is tested with, or members by what the root brings: then the script knows
    if not tests or (len(named) < 2 and not _calls_members(manifest)):
        for runner in named:
            # without files it looks for them in `test` alone
            if runner != "mocha" or (folder / "test").is_dir():
                yield Command(runner), (), f"dependency `{runner}`"
        if importing := _find_node_test(folder):
            yield Command("node:test"), (), f"`{importing}`, which imports node:test"
    if tests and not _runs_bats(folder, line):
        yield None, (), "script `test` of package.json, whose runner I do not know"


def _runs_bats(folder: Path, line: str) -> bool:
    """Return whether a script runs bats alone, or a script that does.

    Its tests are the shell's, which are found by their files.
    """
    programs = [words[0].removeprefix("./") for words in split_line(line)]
    files = set(map(str, walk_files(folder, depth=_DEEPEST)))
    return bool(programs) and all(
        PurePosixPath(program).name == "bats" or (program in files and _calls_bats(folder / program))
        for program in programs
    )


def _calls_bats(file: Path) -> bool:
    return not file.is_symlink() and _BATS.search(file.read_bytes()[:20_000]) is not None


def _find_node_test(folder: Path) -> str | None:
    """Return a file that imports node:test, named or placed like a test."""
    paths = [
        path for path in walk_files(folder, depth=6)
        if path.suffix in (".js", ".mjs", ".cjs") and ("test" in path.parts or _TEST_NAME.search(path.name))
    ]  # fmt: skip
    for path in paths[:_MOST_READ]:
        file = folder / path
        if not file.is_symlink() and _NODE_TEST.search(file.read_bytes()[:20_000]):
            return str(path)
    return None


def _find_manager(folder: Path, manifest: Manifest) -> tuple[Manager, tuple[str, ...]]:
    """Return what installs a folder: its own word before its lock file."""
    locks = {name: lock for lock, name in reversed(_LOCKS) if (folder / lock).is_file()}
    if named := _NAMED.match(manifest.package_manager):
        return Manager(named[1], named[2], named[1] in locks), ("`packageManager` of package.json",)
    for lock, name in _LOCKS:
        if locks.get(name) == lock:
            version = _guess_version(folder, name)
            return Manager(name, version, frozen=True), (f"`{lock}`",)
    return Manager(), ()


def _guess_version(folder: Path, name: str) -> str:
    """Return the major version that wrote a lock, "" where any reads it."""
    if name == "yarn":
        return "4" if (folder / ".yarnrc.yml").is_file() else "1"
    if name == "pnpm":
        head = (folder / "pnpm-lock.yaml").read_bytes()[:200].decode(errors="replace")
        found = re.search(r"lockfileVersion: '?(\d+)", head)
        return {"5": "7", "6": "8"}.get(found[1] if found else "", "9")
    return ""


def list_scripted(folder: Path) -> list[str]:
    """Return the installed packages that have install scripts. Blocking."""
    found = []
    for file in sorted([*folder.glob("*/package.json"), *folder.glob("@*/*/package.json")]):
        data = read_json(file)
        scripts = data.get("scripts") if isinstance(data, dict) else None
        own = isinstance(scripts, dict) and any(scripts.get(one) for one in ("preinstall", "install", "postinstall"))
        if own or (file.parent / "binding.gyp").is_file():
            found.append(PurePosixPath(file.parent.relative_to(folder)).as_posix())
    return found
