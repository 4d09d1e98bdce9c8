"""What belongs to a process is removed once that has ended, and not before."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from bot.sandbox.owners import is_left, name_owner, open_folder, remove_left_folders


def test_only_processes_of_this_machine_that_ended_have_left_something() -> None:
    with subprocess.Popen(["sleep", "100"]) as process:
        owner = name_owner(process.pid)
        assert not is_left(owner)
        process.kill()
    assert is_left(owner)
    assert not is_left("elsewhere/1/2")
    assert not is_left(name_owner(os.getpid()))


def test_only_folders_whose_process_has_ended_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(["sleep", "100"]) as process:
        gone = tmp_path / f"forgehand-gvisor-{name_owner(process.pid).replace('/', '@')}@x"
        process.kill()
    (gone / "rootfs").mkdir(parents=True)
    other = tmp_path / "forgehand-gvisor-of-somebody"
    other.mkdir()
    with open_folder("gvisor") as ours:
        remove_left_folders("gvisor")
        assert (gone.exists(), other.exists(), Path(ours).exists()) == (False, True, True)
