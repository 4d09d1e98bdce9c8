"""A shelf whose process is killed at any call to the system, and entries that vanish while they are taken."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bot.upkeep.shelves import remove_entry, trim_shelves
from bot.work.environments import ASIDE, KEPT, OLDEST, Kept, Shelf, pick_left
from bot.work.tree import list_signatures
from tests.support.patience import PATIENCE
from tests.toolchains.conftest import write

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["dbos", "tests.engine.worker", "tests.work.test_environments"])
FILES = {"bin/tool": "run", "lib/a/b.py": "x = 1\n"}
ENTRY = Kept(base_sha="a" * 40, made=time.time(), bytes=4096, commands=(), left=("made.egg-info",))


def shelf_in(folder: Path) -> Shelf:
    return Shelf(folder / "shelves" / "1", "main")


def put(folder: Path, name: str = "key", files: dict[str, str] | None = None, **fields: Any) -> None:
    env = write(folder / "first/env", FILES)
    left = {"made.egg-info/PKG-INFO": "Name: made\n"}
    tree = write(folder / "first/tree", {"code.py": "x = 1\n", **(left if files is None else files)})
    shelf_in(folder).put(name, env, tree, ENTRY.model_copy(update=fields))


def take(folder: Path, name: str = "key") -> Kept | None:
    tree = write(folder / "tree", {"code.py": "x = 2\n"})
    return shelf_in(folder).take(name, folder / "env", tree)


def read(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def put_and_die(folder: Path, calls: int) -> None:
    """Kill this process at its nth call that touches files or starts a program."""
    left = calls

    def count(event: str, _: Any) -> None:
        nonlocal left
        if event in {"open", "os.mkdir", "os.rename", "os.scandir", "os.remove", "os.rmdir", "subprocess.Popen"}:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    put(folder)


def test_what_a_killed_process_was_keeping_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    """One process for each call, until one lives through all of them."""
    ended: int | None = -signal.SIGKILL
    calls = 0
    while ended == -signal.SIGKILL:
        calls += 1
        folder = tmp_path / str(calls)
        process = FORKS.Process(target=put_and_die, args=(folder, calls))
        process.start()
        process.join(PATIENCE)
        ended = process.exitcode
        assert take(folder) is None or read(folder / "env") == FILES
        for aside in (folder / "shelves").glob(f"1/{ASIDE}*"):
            os.utime(aside, (1, 1))
        trim_shelves(folder / "shelves", 10_000)
        assert not list((folder / "shelves").glob(f"1/{ASIDE}*"))
    assert ended == 0
    assert calls > 8, "the hook saw the calls"


def test_a_task_gets_the_environment_and_what_was_left_and_keeps_its_own_files(tmp_path: Path) -> None:
    put(tmp_path)
    assert take(tmp_path) == ENTRY
    assert read(tmp_path / "env") == FILES
    assert read(tmp_path / "tree") == {"code.py": "x = 2\n", "made.egg-info/PKG-INFO": "Name: made\n"}


def test_a_whole_tree_comes_in_place_of_the_checkout(tmp_path: Path) -> None:
    put(tmp_path, left=None)
    assert take(tmp_path) is not None
    assert read(tmp_path / "tree") == {"code.py": "x = 1\n", "made.egg-info/PKG-INFO": "Name: made\n"}


def test_what_is_brought_into_a_tree_goes_through_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    put(tmp_path, files={"src/_version.py": "v = 1\n"}, left=("src/_version.py",))
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/src").symlink_to(outside)
    assert take(tmp_path) is not None
    assert list(outside.iterdir()) == []


def test_an_environment_that_is_too_old_or_from_the_future_is_not_taken(tmp_path: Path) -> None:
    put(tmp_path, "old", made=time.time() - OLDEST - 1)
    put(tmp_path, "early", made=time.time() + 3600)
    assert take(tmp_path, "old") is None
    assert take(tmp_path, "early") is None


def test_the_first_of_two_that_keep_the_same_stays(tmp_path: Path) -> None:
    put(tmp_path, base_sha="b" * 40)
    put(tmp_path, base_sha="c" * 40)
    assert [path.name for path in (tmp_path / "shelves/1").iterdir()] == ["key"]
    assert Kept.load(tmp_path / "shelves/1/key" / KEPT).base_sha == "b" * 40


def test_a_task_goes_on_with_what_was_removed_behind_it(tmp_path: Path) -> None:
    put(tmp_path)
    assert take(tmp_path) is not None
    remove_entry(tmp_path / "shelves/1/key")
    assert read(tmp_path / "env") == FILES
    assert shelf_in(tmp_path).take("key", tmp_path / "later", tmp_path / "tree") is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"made.egg-info/PKG-INFO": "x", ".git/HEAD": "x"}, (".git", "made.egg-info")),
        ({"src/_version.py": "x"}, None),
        ({"lib/_version.py": "x"}, ("lib/_version.py",)),
        ({"lib/fast.so": "x"}, None),
        ({"build/lib/a.py": "x"}, None),
        ({"lib/code.py": "changed"}, None),
        ({}, ()),
    ],
)
def test_only_what_says_nothing_of_the_code_goes_to_another_tree(
    tmp_path: Path, written: dict[str, str], expected: tuple[str, ...] | None
) -> None:
    """A folder that was not there may hold anything."""
    write(tmp_path, {"lib/code.py": "x = 1\n"})
    before = list_signatures(tmp_path)
    write(tmp_path, written)
    assert pick_left(before, list_signatures(tmp_path)) == expected
