"""Temporary files of killed processes are thrown away, those of living ones are not."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bot.upkeep.scratch import scratch

CHILD = """
import sys, tempfile, time
from pathlib import Path
from bot.upkeep.scratch import scratch
with scratch(Path(sys.argv[1])):
    folder = Path(tempfile.mkdtemp())
    (folder / "left").touch()
    folder.chmod(0o500)
    print(folder, flush=True)
    sys.stdin.read()
"""


def begin(root: Path) -> tuple[subprocess.Popen[str], Path]:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    return child, Path(child.stdout.readline().strip())


def test_what_a_killed_process_left_is_gone_and_what_a_living_one_uses_is_there(tmp_path: Path) -> None:
    root, before = tmp_path / "tmp", tempfile.gettempdir()
    (killed, dead), (living, used) = begin(root), begin(root)
    killed.kill()
    killed.communicate()
    assert (dead / "left").exists()
    with scratch(root) as own:
        assert not dead.parent.exists()
        assert (used / "left").exists()
        assert Path(tempfile.mkdtemp()).parent == own
    assert (own.exists(), tempfile.gettempdir()) == (False, before)
    living.communicate("")
    assert [path.name for path in root.iterdir()] == ["lock"]
