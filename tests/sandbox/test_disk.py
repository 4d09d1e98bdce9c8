"""What a command may write in sum: measured rarely, and hard to hide from."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bot.sandbox.disk import Amount, DiskWatch
from bot.sandbox.port import Limits, Mount
from bot.sandbox.process import Process
from tests.sandbox.conftest import Shell
from tests.support.processes import until

_MIB = 1024 * 1024
_ENDLESS = "i=0; while :; do i=$((i+1)); dd if=/dev/zero of={}/f$i bs=1M count=2 2>/dev/null; sleep 0.01; done"


class Room:
    """A file system with this much room; what goes is said, not measured."""

    def __init__(self, free_mb: int = 1000, files: int = 1000) -> None:
        self.left = Amount(free_mb * _MIB, files)

    def take(self, megabytes: int, files: int = 0) -> None:
        self.left = Amount(self.left.size - megabytes * _MIB, self.left.files - files)

    def __call__(self, place: Path) -> Amount:
        return self.left


def watch(place: Path, room: Room, files: int = 500) -> DiskWatch:
    return DiskWatch([place, place / "inner"], Limits(written_mb=10, written_files=files), room)


def fill(path: Path, megabytes: int) -> None:
    path.write_bytes(bytes(megabytes * _MIB))


async def why(disk: DiskWatch) -> str:
    """Look until something was exceeded: after a measurement the watch rests."""
    said: list[str] = []

    def look() -> bool:
        said.extend(filter(None, [disk.look(os.getpid())]))
        return bool(said)

    await until(look)
    return said[0]


async def test_only_what_was_added_counts(workspace: Path) -> None:
    fill(workspace / "old", 20)
    changed = (workspace / "old").stat().st_ctime_ns
    await until(lambda: time.time_ns() > changed + 30_000_000)
    room = Room()
    disk = watch(workspace, room)
    (workspace / "inner").mkdir()
    fill(workspace / "inner" / "new", 9)
    os.link(workspace / "inner" / "new", workspace / "twin")
    (workspace / "loop").symlink_to(workspace)
    with (workspace / "sparse").open("wb") as file:
        file.truncate(100 * _MIB)
    room.take(100)  # by others too
    assert disk.look(os.getpid()) is None
    fill(workspace / "more", 2)
    room.take(10)
    assert await why(disk) == "more than 10 MiB were written"


def test_what_was_there_and_is_touched_is_no_growth(workspace: Path) -> None:
    room = Room()
    disk = watch(workspace, room)
    fill(workspace / "rewritten", 20)
    room.take(6)
    assert disk.look(os.getpid()) is None


def test_a_file_without_a_name_and_many_empty_ones_count(workspace: Path) -> None:
    room = Room()
    disk = watch(workspace, room, files=20)
    with (workspace / "hidden").open("wb") as file:
        file.write(bytes(11 * _MIB))
        file.flush()
        (workspace / "hidden").unlink()
        room.take(11)
        assert disk.look(os.getpid()) == "more than 10 MiB were written"
    disk = watch(workspace, room, files=20)
    for number in range(30):
        (workspace / str(number)).touch()
    room.take(0, 30)
    assert disk.look(os.getpid()) == "more than 20 files were written"


async def test_where_we_cannot_look_all_that_went_counts_and_a_full_disk_ends_the_run(workspace: Path) -> None:
    room = Room()
    disk = watch(workspace, room)
    folder = os.open(workspace, os.O_RDONLY)
    for _ in range(25):  # a path longer than the kernel takes
        os.mkdir("d" * 200, dir_fd=folder)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    room.take(9)
    assert disk.look(os.getpid()) is None
    room.take(9)
    assert await why(disk) == "more than 10 MiB were written"
    disk = watch(workspace, room)
    room.take(600)
    assert disk.look(os.getpid()) == "the disk was almost full"


async def test_a_command_that_writes_without_end_is_stopped_and_told(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    mount = Mount(source=tmp_path / "out", target="/o", writable=True)
    result = await shell(_ENDLESS.format("/o"), mounts=[mount], written_mb=8)
    assert (result.ended, result.exit_code) == ("disk", None)
    assert result.output == "\n[stopped: more than 8 MiB were written]\n"


@pytest.mark.parametrize("place", ["$HOME", "/work"])
async def test_so_it_is_without_isolation(workspace: Path, place: str) -> None:
    line = _ENDLESS.format(place)
    result = await Process(trust_code=True).run(["/bin/sh", "-c", line], workspace, limits=Limits(written_mb=8))
    assert result.ended == "disk"
