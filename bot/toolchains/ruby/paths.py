"""Tell Ruby's tests, configuration and product apart by paths; name new tests."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path, PurePosixPath

from bot.toolchains.naming import find_sibling, pick_free
from bot.toolchains.ruby.programs import find_ruby

# Read before a test runs, by the runner or by what tests require.
_CONFIG = (
    "Gemfile", "gems.rb", "*.gemspec", "Rakefile", ".rspec", ".rspec-local", ".test-unit.yml", "test-unit.yml",
    "*spec_helper.rb", "rails_helper.rb", "*test_helper.rb", ".minitest.rb",
)  # fmt: skip
_FOLDERS = {"spec", "test", "tests"}
_TEST_FILE = re.compile(r".*_(?:spec|test)\.rb|(?:spec|test|tc|ts)_.*\.rb")
_HELPER = re.compile(r".*helper\.rb")
# Folders that helpers load as a whole.
_SUPPORT = {("spec", "support"), ("test", "support")}
# Folders of samples and of what helpers load.
_ASIDE = {"fixtures", "support", "dummy", "data", "vendor"}
# Names that a library of Ruby's, or a runner's, is required by.
_LIBRARIES = {
    "bundler",
    "forgehand_records",
    "minitest",
    "rspec",
    "rubygems",
    "test",
    "rails",
    "active_support",
    "rake",
}
_LOADED_FROM = ("lib", "spec", "test")


def is_source(path: str) -> bool:
    """Return whether a path is written in Ruby."""
    return path.endswith((".rb", ".rake", ".gemspec")) or posixpath.basename(path) in ("Gemfile", "Rakefile")


def is_test_config(path: str) -> bool:
    """Return whether a file is loaded before the tests, or says how."""
    name = posixpath.basename(path)
    folders = PurePosixPath(path).parts[:-1]
    supports = path.endswith(".rb") and any(pair in _SUPPORT for pair in pairwise(folders))
    return any(fnmatchcase(name, one) for one in _CONFIG) or ".bundle" in folders or supports


def is_test_file(path: str) -> bool:
    """Return whether a file holds tests, not data or helpers, by its name."""
    name = posixpath.basename(path)
    folders = set(PurePosixPath(path).parts[:-1])
    return _TEST_FILE.fullmatch(name) is not None and not _HELPER.fullmatch(name) and not folders & _ASIDE


def is_test(path: str) -> bool:
    """Return whether a path is a test, its data or its configuration."""
    folders = PurePosixPath(path).parts[:-1]
    below = bool(_FOLDERS & set(folders)) and is_source(path)
    return is_test_config(path) or below or (is_source(path) and is_test_file(path))


def pick_targets(paths: Sequence[str]) -> list[str]:
    """Return the files that hold tests."""
    return [path for path in paths if is_test_file(path)]


def new_test_path(paths: Sequence[str], near: str, root: str, default: str) -> str:
    """Return a path not in ``paths`` for a test of ``near``.

    ``default`` is such as ``spec/*_spec.rb``.
    """
    tests = [path for path in paths if is_test_file(path)]
    beside = find_sibling(tests, near, _stem)
    folder, pattern = posixpath.split(posixpath.join(root, default))
    if beside is not None:
        folder = posixpath.dirname(beside)
        name = posixpath.basename(beside)
        first = name.partition("_")[0]
        pattern = f"{first}_*.rb" if first in ("spec", "test") else f"*_{name.rpartition('_')[2]}"
    return pick_free(paths, posixpath.join(folder, pattern), _stem(near), "{}_regression")


def find_conflict(path: str, tree: Path) -> str | None:
    """Return why a new file would hide a library; None if not. Blocking.

    ``lib``, ``spec`` and ``test`` are searched before the libraries.
    """
    parts = PurePosixPath(path).parts
    if "vendor" in parts:
        return f"`{path}` lies in vendor, where dependencies are."
    at = next((number for number, part in enumerate(parts[:-1]) if part in _LOADED_FROM), None)
    if at is None or not path.endswith(".rb") or (tree / path).exists():
        return None
    inner = PurePosixPath(*parts[at + 1 :])
    ruby = find_ruby()
    own = ruby is not None and (ruby.library / inner).exists()
    if own or inner.with_suffix("").parts[0] in _LIBRARIES:
        return f"`{path}` would be loaded in place of Ruby's own `{inner}`, or of a runner's."
    return None


def _stem(path: str) -> str:
    """Return what a file is about: ``cart`` for ``cart_spec.rb``."""
    name = posixpath.basename(path).removesuffix(".rb")
    return re.sub(r"_(?:spec|test)$|^(?:spec|test)_", "", name)
