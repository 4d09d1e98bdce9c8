"""Declare Go among the languages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from bot.toolchains.go import paths
from bot.toolchains.go.adapter import GoAdapter
from bot.toolchains.go.profile import make_counter
from bot.toolchains.go.programs import describe_version
from bot.toolchains.identity import pick_blobs
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, is_sample, sort_by_root, walk_files

_DEEPEST = 4
# https://pkg.go.dev/cmd/go#hdr-Package_lists_and_patterns
_ASIDE = ("testdata", "_")
_FUNCTION = re.compile(rb"^func (Test|Example|Fuzz|Benchmark)", re.MULTILINE)
_DECIDING = ("go.mod", "go.sum", "go.work", "go.work.sum", "vendor")


def find_units(tree: Path) -> list[Unit]:
    """Return the modules that have tests, outer ones first. Blocking."""
    files = list(walk_files(tree))
    roots = sorted(
        ("" if str(path.parent) == "." else str(path.parent) for path in files if path.name == "go.mod"),
        key=lambda root: (root.count("/"), root),
    )
    kept = [
        root for root in roots if not is_sample(root) and not any(part.startswith(_ASIDE) for part in root.split("/"))
    ]
    if not roots:
        return _find_bare(files)
    below = sort_by_root((path for path in map(str, files) if paths.is_test_file(path)), kept)
    tested = [root for root in kept if not all(_measures(tree / path) for path in below[root])]
    return [
        Unit(
            root=root, toolchain="go", manager="go", runner="go test", evidence=(f"`{root}/go.mod`".replace("`/", "`"),)
        )
        for root in tested
        if root.count("/") < _DEEPEST
    ]


def _find_bare(files: Sequence[PurePosixPath]) -> list[Unit]:
    """Return a repository older than modules: tests beside the code they test."""
    code = {path.parent for path in files if path.suffix == ".go" and not paths.is_test_file(str(path))}
    tests = [path for path in files if paths.is_test_file(str(path)) and not is_sample(str(path.parent))]
    seen = next((path for path in tests if path.parent in code), None)
    evidence = (f"`{seen}`", "no `go.mod`")
    return [] if seen is None else [Unit(root="", toolchain="go", manager="go", runner="go test", evidence=evidence)]


def _measures(file: Path) -> bool:
    """Return whether a file holds benchmarks and no test. Blocking."""
    kinds = set() if file.is_symlink() else set(_FUNCTION.findall(file.read_bytes()))
    return kinds == {b"Benchmark"}


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(
            unit,
            UnitToolchain("go", paths, GoAdapter(unit, tree), tools, tree, make_counter(unit, tree)),
            unit.root,
        )
        for unit in find_units(tree)
    ]


def _decide(tree: Path, blobs: Mapping[str, str]) -> str:
    return pick_blobs(blobs, *_DECIDING)


GO = Language("go", paths, _find_parts, describe_version, _decide)
