"""Declare Rust among the languages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.rust import paths
from bot.toolchains.rust.adapter import APART, RustAdapter
from bot.toolchains.rust.programs import describe_version
from bot.toolchains.rust.targets import read_manifest
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, find_nearest, is_sample, sort_by_root, walk_files

_DEEPEST = 4
# Packages in them need other tools, or are data of tests.
_ASIDE = {"testdata", "benches", "fuzz"}
# A test, or an example in documentation.
_TEST = re.compile(rb"#\[(?:\w+::)*test\b|//[/!] *(?:```|~~~)")
_MOST_BYTES = 1024 * 1024
# https://nexte.st/docs/configuration/
_NEXTEST = ".config/nextest.toml"


def find_units(tree: Path) -> list[Unit]:
    """Return the packages and workspaces with tests, outer ones first.

    Blocking. Members of a workspace belong to it; cargo refuses packages in it that are neither members nor excluded.
    """
    files = list(walk_files(tree))
    manifests = {str(path.parent).removeprefix("."): path for path in files if path.name == "Cargo.toml"}
    read: dict[str, Mapping[str, Any]] = {}
    units: list[Unit] = []
    for root in sorted(manifests, key=lambda root: (root.count("/"), root)):
        read[root] = read_manifest(tree / manifests[root])
        outer = find_nearest(units, root)
        own = "workspace" in read[root]
        if not own and ("package" not in read[root] or (outer and _is_member(root, outer.root, read[outer.root]))):
            continue
        aside = is_sample(root) or _ASIDE & set(PurePosixPath(root).parts)
        if root.count("/") < _DEEPEST and not aside:
            units.append(_make_unit(tree, root, own))
    sources = sort_by_root((str(path) for path in files if path.suffix == ".rs"), [unit.root for unit in units])
    return [unit for unit in units if any(_is_test(tree / path) for path in sources[unit.root])]


def _make_unit(tree: Path, root: str, workspace: bool) -> Unit:
    kind = "a workspace" if workspace else "a package"
    evidence = (f"`{root}/Cargo.toml`".replace("`/", "`") + f" of {kind}",)
    # its tests may rely on having a process each
    nextest = PurePosixPath(root, _NEXTEST)
    if (tree / nextest).is_file():
        return Unit(root=root, toolchain="rust", manager="cargo", runner=APART, evidence=(*evidence, f"`{nextest}`"))
    return Unit(root=root, toolchain="rust", manager="cargo", runner="cargo test", evidence=evidence)


def _is_member(root: str, outer: str, manifest: Mapping[str, Any]) -> bool:
    """Return whether a package within a workspace is left to it."""
    workspace = manifest.get("workspace")
    if not isinstance(workspace, dict):
        return False
    inside = root.removeprefix(f"{outer}/")
    excluded = workspace.get("exclude")
    patterns = [str(one).removeprefix("./").rstrip("/") for one in excluded] if isinstance(excluded, list) else []
    return not any(fnmatchcase(inside, one) or inside.startswith(f"{one}/") for one in patterns)


def _is_test(path: Path) -> bool:
    readable = path.is_file() and not path.is_symlink() and path.stat().st_size <= _MOST_BYTES
    return readable and _TEST.search(path.read_bytes()) is not None


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(unit, UnitToolchain("rust", paths, RustAdapter(unit, tree), tools, tree), unit.root)
        for unit in find_units(tree)
    ]


RUST = Language("rust", paths, _find_parts, describe_version)
