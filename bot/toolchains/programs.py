"""Ask the programs of this machine about themselves."""

from __future__ import annotations

import shutil
import subprocess


def ask_program(name: str, *arguments: str, cwd: str | None = None) -> list[str] | None:
    """Return the lines that a program prints; None where it fails. Blocking."""
    program = shutil.which(name)
    if program is None:
        return None
    try:
        done = subprocess.run([program, *arguments], capture_output=True, cwd=cwd, timeout=60, check=True, text=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.splitlines()
