"""Kept files of packages are bounded by size."""

from __future__ import annotations

import os
import time
from pathlib import Path

from bot.upkeep.packages import trim_packages

DAY = 86_400


def test_those_used_longest_ago_go_first_and_what_is_being_fetched_stays(tmp_path: Path) -> None:
    now = time.time()
    for name, days in {"a": 0, "b": 1, "c": 2, "x.part": 0, "y.part": 2}.items():
        (tmp_path / name).write_bytes(b"x" * 100)
        os.utime(tmp_path / name, (now - days * DAY, now - days * DAY))
    trim_packages(tmp_path, 200)
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", "x.part"}
    trim_packages(tmp_path, 0)
    assert {path.name for path in tmp_path.iterdir()} == {"x.part"}


def test_there_may_be_none(tmp_path: Path) -> None:
    trim_packages(tmp_path / "packages", 100)
