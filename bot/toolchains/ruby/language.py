"""Declare Ruby among the languages."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bot.toolchains.identity import pick_blobs
from bot.toolchains.language import Language, Part, Tools
from bot.toolchains.ruby import paths
from bot.toolchains.ruby.adapter import COUNTER, RubyAdapter, find_gemfile
from bot.toolchains.ruby.programs import describe_version
from bot.toolchains.unit_toolchain import UnitToolchain
from bot.toolchains.units import Unit, is_sample, sort_by_root, walk_files

_MARKS = ("Gemfile", "gems.rb", "Rakefile", ".rspec")
# Folders of a unit that hold its tests.
_FOLDERS = ("spec/", "test/", "tests/")
# Files that are read to see which runner they are of.
_MOST_READ = 20
_READ_BYTES = 8_000
_TEST_UNIT = re.compile(rb"""require ['"]test[/-]unit|(?<!\w)Test::Unit::TestCase""")
_MINITEST = re.compile(rb"minitest|ActiveSupport::TestCase")
_DEFAULTS = {"rspec": "spec/*_spec.rb", "minitest": "test/*_test.rb", "test-unit": "test/test_*.rb"}
_DECIDING = (
    "Gemfile*", "gems.*", "*.gemfile", "*.gemspec", "version.rb", ".ruby-version", ".tool-versions", ".bundle",
    "vendor",
)  # fmt: skip


@dataclass(frozen=True)
class RubyPaths:
    """Rules of paths of one unit: a new test is named for its runner."""

    runner: str
    is_source = staticmethod(paths.is_source)
    is_test = staticmethod(paths.is_test)
    is_test_config = staticmethod(paths.is_test_config)
    pick_targets = staticmethod(paths.pick_targets)
    find_conflict = staticmethod(paths.find_conflict)

    def new_test_path(self, existing: Sequence[str], near: str, root: str) -> str:
        """Return a path not in ``existing`` for a test of ``near``."""
        return paths.new_test_path(existing, near, root, _DEFAULTS[self.runner])


def find_units(tree: Path) -> list[Unit]:
    """Return the folders that have tests and a mark of Ruby. Blocking."""
    files = list(walk_files(tree))
    marked: dict[str, str] = {}
    for path in [*files, *(PurePosixPath(one.name) for one in tree.glob(".rspec"))]:
        folder = "" if str(path.parent) == "." else str(path.parent)
        sample = is_sample(folder) or "spec" in path.parts
        if (path.name in _MARKS or path.name.endswith(".gemspec")) and not sample:
            marked.setdefault(folder, path.name)
    units = []
    below = sort_by_root((path for path in map(str, files) if paths.is_test_file(path)), marked)
    for root, mark in sorted(marked.items(), key=lambda one: (one[0].count("/"), one[0])):
        tests = [path for path in below[root] if path.removeprefix(f"{root}/").startswith(_FOLDERS)]
        runner = _find_runner(tree, root, tests)
        if runner:
            place = f"{root}/{mark}".removeprefix("/")
            gemfile = find_gemfile(tree, root)
            manager = "bundler" if gemfile else ""
            seen = tuple(f"`{one}`" for one in dict.fromkeys((place, gemfile, tests[0])) if one)
            units.append(Unit(root=root, toolchain="ruby", manager=manager, runner=runner, evidence=seen))
    return units


def _find_runner(tree: Path, root: str, tests: Sequence[str]) -> str:
    """Return the runner of test files, by what they and helpers require."""
    if not tests:
        return ""
    specs = [path for path in tests if path.endswith("_spec.rb")]
    helpers = [tree / root / name for name in ("spec/spec_helper.rb", "test/test_helper.rb", "test/helper.rb")]
    chosen = [tree / path for path in (specs or tests)[:_MOST_READ]]
    text = b"".join(_read(path) for path in [*helpers, *chosen])
    if specs and ((tree / root / ".rspec").is_file() or not _MINITEST.search(text)):
        return "rspec"
    return "test-unit" if _TEST_UNIT.search(text) else "minitest"


def _read(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        return b""
    with path.open("rb") as stream:
        return stream.read(_READ_BYTES)


def _find_parts(tree: Path, tools: Tools) -> list[Part]:
    return [
        Part(
            unit,
            UnitToolchain("ruby", RubyPaths(unit.runner), RubyAdapter(unit, tree), tools, tree, COUNTER),
            posixpath.dirname(find_gemfile(tree, unit.root) or posixpath.join(unit.root, "Gemfile")),
        )
        for unit in find_units(tree)
    ]


def _decide(tree: Path, blobs: Mapping[str, str]) -> str:
    return pick_blobs(blobs, *_DECIDING)


RUBY = Language("ruby", paths, _find_parts, describe_version, _decide)
