"""A repository made by plain git, pushed into a mirror: reading and committing need no server."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bot.git.mirrors import Mirror, Mirrors
from bot.types import Repository

MAIN = "refs/forgehand/mirror/refs%2Fheads%2Fmain"
REPOSITORY = Repository(id=7, owner="octo", name="durations", installation=1)


def git(cwd: Path, *args: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(
        ["git", *who, *args], cwd=cwd, env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A work tree with text, a script, binary bytes, a Windows file, symlinks in and out, and odd names."""
    root = tmp_path / "source"
    (root / "src").mkdir(parents=True)
    (root / "src" / "parse.py").write_text("def parse():\n    return 1\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "logo.bin").write_bytes(b"\x89PNG\0\0")
    (root / "latin.txt").write_bytes("é\n".encode("latin-1"))
    (root / "dos.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    (root / "näme with space.txt").write_text("x\n")
    (root / ".gitattributes").write_text("*.py -diff\nn*.txt text eol=crlf\n")
    (root / "inside").symlink_to("src/parse.py")
    (root / "outside").symlink_to("/etc/passwd")
    (root / "src" / "up").symlink_to("../../..")
    (root / "via").symlink_to("src/up/etc")
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "first")
    return root


@pytest.fixture
async def mirror(tmp_path: Path, source: Path) -> Mirror:
    made = await Mirrors(tmp_path / "mirrors", "http://127.0.0.1:9", delays=()).of(REPOSITORY)
    git(source, "push", "-q", str(made.git_dir), f"main:{MAIN}")
    return made
