"""Choice of cgroups.

Version 2 is tried on a directory that has its files, as this kernel may only offer version 1.
"""

from __future__ import annotations

import os
from pathlib import Path

from bot.sandbox.cgroups import Parents, RunGroup, find_memory, find_parents
from bot.sandbox.port import Limits


def unified(root: Path, path: str, *, control: str = "") -> Path:
    group = root / path
    group.mkdir(parents=True)
    (root / "cgroup.controllers").write_text("cpu memory pids")
    (group / "cgroup.controllers").write_text("cpu memory pids")
    (group / "cgroup.subtree_control").write_text(control)
    (group / "cgroup.procs").write_text(f"{os.getpid()}\n")
    return group


def test_a_delegated_group_is_split_before_controllers_are_handed_on(tmp_path: Path) -> None:
    group = unified(tmp_path, "system.slice/forgehand.service")
    found = find_parents(tmp_path, "0::/system.slice/forgehand.service\n")
    assert found == Parents(2, group, group)
    assert (group / "bot" / "cgroup.procs").read_text() == str(os.getpid())
    assert (group / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_process_already_in_the_leaf_uses_the_group_above(tmp_path: Path) -> None:
    group = unified(tmp_path, "forgehand.service", control="memory pids")
    assert find_parents(tmp_path, "0::/forgehand.service/bot\n") == Parents(2, group, group)
    assert not (group / "bot").exists()


def test_no_controllers_or_no_group_means_none(tmp_path: Path) -> None:
    group = unified(tmp_path, "user.slice")
    (group / "cgroup.controllers").write_text("cpu")
    assert find_parents(tmp_path, "0::/user.slice\n") is None
    assert find_parents(tmp_path, "0::/elsewhere\n") is None
    assert find_parents(tmp_path / "none", "1:name=systemd:/\n") is None


def test_version_2_limits_are_written_and_read(tmp_path: Path) -> None:
    made = RunGroup.create(Parents(2, tmp_path, tmp_path), Limits(memory_mb=3, processes=7))
    assert made is not None
    (group,) = made.directories
    assert (group / "memory.max").read_text() == str(3 * 1024 * 1024)
    assert (group / "memory.oom.group").read_text() == "1"
    assert (group / "pids.max").read_text() == "7"
    (group / "memory.peak").write_text(str(5 * 1024 * 1024))
    (group / "memory.events").write_text("low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\n")
    assert made.peak_mb() == 5.0
    assert made.out_of_memory()


def test_memory_is_the_least_that_a_group_or_the_machine_has(tmp_path: Path) -> None:
    whole = find_memory(tmp_path / "none")
    assert whole == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024 // 1024
    group = unified(tmp_path / "2", "system.slice/forgehand.service")
    (group / "memory.max").write_text("max\n")
    assert find_memory(tmp_path / "2", "0::/system.slice/forgehand.service/bot\n") == whole
    (group.parent / "memory.max").write_text(f"{300 << 20}\n")
    assert find_memory(tmp_path / "2", "0::/system.slice/forgehand.service/bot\n") == 300
    (tmp_path / "1" / "memory").mkdir(parents=True)
    (tmp_path / "1" / "memory" / "memory.limit_in_bytes").write_text(f"{200 << 20}\n")
    assert find_memory(tmp_path / "1", "4:memory:/docker/only-the-host-sees-this\n") == 200
