"""Read what cargo can test in a workspace, and what it built of it."""

from __future__ import annotations

import json
import posixpath
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.sandbox.port import WORK
from bot.toolchains.events import TEXT
from bot.toolchains.port import ToolchainError
from bot.toolchains.rust.modules import Modules, read_modules

# In a manifest's words and in the order of runs; a library's own kind is one of several.
_KINDS = ("lib", "bin", "test", "example", "bench")
_MANIFEST_BYTES = 1024 * 1024

# id of a package, kind and name of a target
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Target:
    """Program of tests that cargo builds of a package.

    ``folder`` is the package's, ``root`` the target's root file; without ``harness`` its main function is its own, and
    only its exit code says something. ``tested``: ``cargo test`` builds it, where it is ``optional`` only with some
    features; ``documented``: the examples in its documentation are tests.
    """

    package: str
    id: str
    folder: str
    version: str
    kind: str
    name: str
    root: str
    modules: Modules
    harness: bool
    tested: bool
    optional: bool
    documented: bool

    @property
    def key(self) -> Key:
        return self.id, self.kind, self.name

    @property
    def option(self) -> list[str]:
        """Return the options that have cargo build it."""
        return ["--lib"] if self.kind == "lib" else [f"--{self.kind}", self.name]

    def write_id(self, test: str) -> str:
        """Return the id of a test of libtest's name."""
        place = self.modules.locate(test)
        return f"{place.file}::{place.name}"


@dataclass
class Build:
    """Programs that were built, by target, and what the compiler said.

    ``output`` is what cargo itself said.
    """

    output: str = ""
    programs: dict[Key, str] = field(default_factory=dict)
    errors: dict[Key, str] = field(default_factory=dict)

    @property
    def first(self) -> str:
        """Return the first error, which may be why others were not built."""
        return next(iter(self.errors.values()), self.output)


def read_targets(metadata: bytes, tree: Path) -> list[Target]:
    """Read the output of ``cargo metadata``. Blocking.

    Raises :class:`ToolchainError` for what is no such output.
    """
    try:
        packages = json.loads(metadata)["packages"]
        found = [target for package in packages for target in _read_package(package, tree)]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise ToolchainError("What `cargo metadata` says cannot be read.") from error
    return sorted(found, key=lambda target: (target.folder, _KINDS.index(target.kind), target.name))


def _read_package(package: Mapping[str, Any], tree: Path) -> Iterator[Target]:
    folder = _cut(posixpath.dirname(package["manifest_path"]))
    own = _list_own(read_manifest(tree / folder / "Cargo.toml")) if folder is not None else frozenset()
    for one in package["targets"]:
        root = _cut(one["src_path"])
        kind = one["kind"][0] if one["kind"][0] in (*_KINDS, "custom-build") else "lib"
        if folder is None or root is None or kind == "custom-build" or not (one.get("test") or one.get("doctest")):
            continue
        name = str(one["name"])
        yield Target(
            package=str(package["name"]), id=str(package["id"]), folder=folder, version=str(package["version"]),
            kind=kind, name=name, root=root, modules=read_modules(tree, root),
            harness=(kind, "" if kind == "lib" else name) not in own, tested=bool(one.get("test")),
            optional=bool(one.get("required-features")), documented=bool(one.get("doctest")),
        )  # fmt: skip


def _cut(path: str) -> str | None:
    """Return a path of the sandbox from the root of the tree; None elsewhere."""
    inside = posixpath.relpath(posixpath.normpath(path), WORK)
    return None if inside.startswith("..") else inside.removeprefix(".")


def _list_own(manifest: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """Return the targets that bring a main function of their own.

    ``cargo metadata`` does not tell them.
    """
    library = manifest.get("lib")
    found = {("lib", "")} if isinstance(library, dict) and library.get("harness") is False else set()
    for kind in _KINDS[1:]:
        listed = manifest.get(kind)
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and one.get("harness") is False:
                found.add((kind, str(one.get("name"))))
    return frozenset(found)


def read_manifest(path: Path) -> Mapping[str, Any]:
    """Return what a Cargo.toml says; nothing where it is none. Blocking."""
    try:
        return tomllib.loads(read_text(path))
    except (ValueError, RecursionError):
        return {}


def read_text(path: Path) -> str:
    """Return a file's text, "" where it is none or too long. Blocking."""
    fits = not path.is_symlink() and path.is_file() and path.stat().st_size <= _MANIFEST_BYTES
    return path.read_text(errors="replace") if fits else ""


def read_build(messages: bytes, output: str) -> Build:
    """Read the output of ``cargo test --no-run --message-format=json``."""
    build = Build(output)
    for line in messages.decode(errors="replace").split("\n"):
        try:
            told = json.loads(line)
            key = _read_key(told)
            if told["reason"] == "compiler-artifact" and told["profile"]["test"] and told["executable"]:
                build.programs[key] = str(told["executable"])
            elif told["reason"] == "compiler-message" and told["message"]["level"] == "error":
                build.errors[key] = (build.errors.get(key, "") + str(told["message"]["rendered"]))[:TEXT]
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            # what a macro of the repository printed while it compiled
            continue
    return build


def _read_key(told: Mapping[str, Any]) -> Key:
    target = told["target"]
    kind = str(target["kind"][0])
    return str(told["package_id"]), kind if kind in _KINDS else "lib", str(target["name"])
