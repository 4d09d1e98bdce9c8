"""Kept environments are bounded by size and age."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bot.upkeep.shelves import trim_shelves
from bot.work.environments import KEPT, OLDEST, Kept

NOW = time.time()


def keep(root: Path, name: str, *, used: float = NOW, made: float = NOW) -> None:
    folder = root / name
    (folder / "env").mkdir(parents=True)
    file = folder / KEPT
    file.write_text(Kept(base_sha="a" * 40, made=made, bytes=100, commands=(), left=()).model_dump_json())
    os.utime(file, (used, used))


def names(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.glob("*/*")}


def test_those_used_longest_ago_go_first_whosever_they_are(tmp_path: Path) -> None:
    for number, name in enumerate(["1/a", "2/b", "1/c", "3/d"]):
        keep(tmp_path, name, used=NOW - number)
    trim_shelves(tmp_path, 250)
    assert names(tmp_path) == {"1/a", "2/b"}
    trim_shelves(tmp_path, 0)
    assert names(tmp_path) == set()


def test_old_ones_go_whatever_room_there_is_also_if_they_are_used(tmp_path: Path) -> None:
    keep(tmp_path, "1/old", made=NOW - OLDEST - 1)
    keep(tmp_path, "1/new")
    trim_shelves(tmp_path, 1000)
    assert names(tmp_path) == {"1/new"}


def test_what_is_being_made_is_left_alone(tmp_path: Path) -> None:
    keep(tmp_path, "1/aside-x", used=1)
    trim_shelves(tmp_path, 0)
    assert names(tmp_path) == {"1/aside-x"}
