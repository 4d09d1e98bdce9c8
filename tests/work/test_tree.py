"""A tree is exactly base plus changes, whatever a command did to the one before; and it is mended, not copied."""

from __future__ import annotations

import os
import py_compile
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.git.changes import NO_CHANGES, Changes
from bot.work.tree import keep_bytecode, lay


@pytest.fixture
def base(tmp_path: Path) -> Path:
    pristine = tmp_path / "pristine"
    (pristine / "src" / "deep").mkdir(parents=True)
    (pristine / "src" / "a.py").write_text("a = 1\n")
    (pristine / "src" / "deep" / "b.py").write_text("b = 1\n")
    (pristine / "run.sh").write_text("#!/bin/sh\n")
    (pristine / "run.sh").chmod(0o755)
    (pristine / "link").symlink_to("src/a.py")
    return pristine


def shown(folder: Path) -> dict[str, object]:
    """Everything in a folder: text of files, target of links, modes."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        else:
            found[name] = (path.lstat().st_mode, None if path.is_dir() else path.read_text())
    return found


def same_size_and_times(tree: Path) -> None:
    path = tree / "src" / "a.py"
    was = path.stat()
    path.write_text("a = 2\n")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def folder_to_link(tree: Path) -> None:
    shutil.rmtree(tree / "src")
    (tree / "src").symlink_to("/etc")


def file_to_folder(tree: Path) -> None:
    (tree / "run.sh").unlink()
    (tree / "run.sh").mkdir()
    (tree / "run.sh" / "x").write_text("")


@pytest.mark.parametrize(
    "command",
    [
        lambda tree: None,
        same_size_and_times,
        folder_to_link,
        file_to_folder,
        lambda tree: (tree / "conftest.py").write_text("import os\n"),
        lambda tree: (tree / "src" / "a.py").unlink(),
        lambda tree: (tree / "run.sh").chmod(0o644),
        lambda tree: (tree / "src").chmod(0o700),
        lambda tree: (tree / "new.py").write_text("overwritten\n"),
        lambda tree: os.link(tree / "src" / "a.py", tree / "second"),
        lambda tree: os.mkfifo(tree / "pipe"),
        lambda tree: shutil.rmtree(tree),
    ],
)
def test_whatever_a_command_left_the_next_finds_base_plus_changes(
    tmp_path: Path, base: Path, command: Callable[[Path], object]
) -> None:
    tree, manifest = tmp_path / "tree", tmp_path / "laid.json"
    first = Changes(files={"src/a.py": "a = 3\n", "new.py": "n = 1\n", "more/n.py": "", "src/deep/b.py": None})
    for changes in (first, Changes(files={"src/a.py": "a = 4\n"}), NO_CHANGES, first):
        lay(base, tree, manifest, changes)
        wanted = tmp_path / "wanted"
        shutil.copytree(base, wanted, symlinks=True)
        lay(base, wanted, tmp_path / "other.json", changes)
        (tmp_path / "other.json").unlink()
        assert shown(tree) == shown(wanted)
        shutil.rmtree(wanted)
        command(tree)


def test_what_nobody_touched_is_not_copied_again(tmp_path: Path, base: Path) -> None:
    tree, manifest = tmp_path / "tree", tmp_path / "laid.json"
    lay(base, tree, manifest, Changes(files={"src/a.py": "a = 2\n"}))
    before = (tree / "src" / "deep" / "b.py").stat()
    lay(base, tree, manifest, Changes(files={"src/a.py": "a = 3\n"}))
    after = (tree / "src" / "deep" / "b.py").stat()
    assert (before.st_ino, before.st_ctime_ns) == (after.st_ino, after.st_ctime_ns)
    manifest.unlink()
    lay(base, tree, manifest, NO_CHANGES)
    assert (tree / "src" / "deep" / "b.py").stat().st_ino != before.st_ino or (
        (tree / "src" / "deep" / "b.py").stat().st_ctime_ns != before.st_ctime_ns
    )


def cached(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.pyc")}


def test_bytecode_of_the_base_is_there_in_every_later_tree_but_never_of_a_changed_file(
    tmp_path: Path, base: Path
) -> None:
    tree, manifest = tmp_path / "tree", tmp_path / "laid.json"
    lay(base, tree, manifest, NO_CHANGES)
    for name in ("src/a.py", "src/deep/b.py"):
        py_compile.compile(str(tree / name), doraise=True)
    kept = cached(tree)
    keep_bytecode(base, tree, manifest)
    assert cached(base) == kept
    for changes in (NO_CHANGES, Changes(files={"src/a.py": "a = 2\n"}), Changes(files={"src/a.py": None}), NO_CHANGES):
        lay(base, tree, manifest, changes)
        wanted = {path for path in kept if not (changes.files and "a.cpython" in path)}
        assert cached(tree) == wanted
        # what a later run compiles is not kept
        py_compile.compile(str(tree / "src" / "deep" / "b.py"), doraise=True)
        (tree / "src" / "__pycache__" / "new.cpython-399.pyc").write_bytes(b"")
    manifest.unlink()
    lay(base, tree, manifest, NO_CHANGES)
    assert cached(tree) == kept


def test_only_what_was_compiled_of_the_base_is_kept(tmp_path: Path, base: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (base / "src" / "deep" / "__pycache__").symlink_to(elsewhere)
    tree, manifest = tmp_path / "tree", tmp_path / "laid.json"
    lay(base, tree, manifest, NO_CHANGES)
    (tree / "src" / "a.py").write_text("a = 7\n")
    (tree / "src" / "deep" / "__pycache__").unlink()
    for name in ("src/__pycache__/a", "src/__pycache__/gone", "src/deep/__pycache__/b", "src/deep/b", "__pycache__/x"):
        (tree / f"{name}.pyc").parent.mkdir(exist_ok=True)
        (tree / f"{name}.pyc").write_bytes(b"planted")
    (tree / "__pycache__" / "x.py").write_text("")
    keep_bytecode(base, tree, manifest)
    assert (cached(base), cached(elsewhere)) == (set(), set())


def test_nothing_is_kept_of_a_run_with_changes(tmp_path: Path, base: Path) -> None:
    tree, manifest = tmp_path / "tree", tmp_path / "laid.json"
    lay(base, tree, manifest, Changes(files={"src/a.py": "a = 2\n"}))
    py_compile.compile(str(tree / "src" / "deep" / "b.py"), doraise=True)
    keep_bytecode(base, tree, manifest)
    assert cached(base) == set()
