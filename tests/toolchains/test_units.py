"""Which files of a tree are looked at to find what tests itself."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.sandbox.process import NoSandbox
from bot.settings import Checks, Settings
from bot.toolchains.repository import make_toolchain
from bot.toolchains.units import list_around, sort_by_root, walk_files
from tests.toolchains.conftest import write


def test_what_builds_make_is_passed_over_but_packages_named_so_are_not(tmp_path: Path) -> None:
    own = {"src/test/java/shop/build/PlanTest.java", "src/target/mod.rs", "web/src/dist/map.ts", "lib/a.rb"}
    made = {
        "build/a.c",
        "web/dist/a.js",
        "target/classes/A.class",
        "node_modules/a.js",
        "src/node_modules/a.js",
        ".x/a",
    }
    tree = write(tmp_path, dict.fromkeys(own | made, ""))
    assert {str(path) for path in walk_files(tree)} == own


def test_the_folders_around_one_are_listed_from_within() -> None:
    assert [list_around(root) for root in ("", "a", ".a/b")] == [[""], ["a", ""], [".a/b", ".a", ""]]


def test_paths_belong_to_the_innermost_folder() -> None:
    paths = ["a/x", "a/b/x", "a/b/c/x", "ab/x", "x"]
    assert sort_by_root(paths, ["a", "a/b", "c"]) == {"a": ["a/x"], "a/b": ["a/b/x", "a/b/c/x"], "c": []}
    assert sort_by_root(paths, ["", "a"]) == {"": ["ab/x", "x"], "a": ["a/x", "a/b/x", "a/b/c/x"]}


@pytest.mark.parametrize(
    "files",
    [
        {"a.gemspec": "", "spec/a_spec.rb": ""},
        {"Cargo.toml": '[package]\nname = "a"\n', "src/lib.rs": "#[test] fn one() {}"},
        {"go.mod": "module a\n", "a_test.go": "func TestOne(t *testing.T) {}"},
        {
            "a.Tests/a.csproj": "<Project />",
            "a.Tests/a.props": '<A Include="Microsoft.NET.Test.Sdk" />',
            "a.Tests/A.cs": "",
        },
        {"phpunit.xml": "", "tests/OneTest.php": ""},
        {"Makefile": "all:\n\tcc a.c\n", "a.c": ""},
    ],
    ids=["ruby", "rust", "go", "dotnet", "php", "cpp"],
)
def test_hundreds_of_folders_are_found_in_seconds(tmp_path: Path, files: dict[str, str]) -> None:
    for number in range(400):
        write(tmp_path / str(number), files)
    began = time.process_time()
    make_toolchain(NoSandbox(), Checks(), tmp_path, Settings()).parts  # noqa: B018 - looks at the tree
    assert time.process_time() - began < 5
