"""Which files of a tree are looked at to find what tests itself."""

from __future__ import annotations

from pathlib import Path

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
