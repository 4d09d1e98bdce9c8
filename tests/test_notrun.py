"""Missing programs are reported at the end; only CI=true fails for them.

No run ends in an internal error.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TESTS = """
import pytest
from tests.support.notrun import did_not_run, need, NEEDS

NEEDS["part"] = lambda: "a part is not here. Get it: make part"

@pytest.fixture(scope="session")
def server():
    need("gh")

@pytest.mark.needs("gh")
def test_marked():
    raise AssertionError("ran without gh")

@pytest.mark.parametrize("number", [1, 2])
def test_served(server, number):
    raise AssertionError("ran without gh")

def test_partly():
    did_not_run("one check", "part")

def test_whole():
    pass
"""
GH = "3 tests: gh is not here. Get it: apt-get install gh"
PART = "1 file: one check: a part is not here. Get it: make part"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "test_other.py").write_text("def test_whole():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = needs\n")
    return tmp_path


def run(folder: Path, *options: str, path: str = "", ci: str = "") -> tuple[int, str]:
    """Exit code and output of a run that finds no program but those in ``path``."""
    plugins = ["-p", "xdist.plugin", "-p", "tests.support.notrun_plugin"]
    command = [sys.executable, "-m", "pytest", *plugins, *options, str(folder)]
    env = {
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PATH": path,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
        "CI": ci,
    }
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout


@pytest.mark.parametrize("processes", [[], ["-n", "2"]])
def test_it_is_told_once_and_can_be_run_alone_later(folder: Path, processes: list[str]) -> None:
    code, told = run(folder, *processes)
    assert code == 0, told
    assert (told.count(GH), told.count(PART)) == (1, 1), told
    assert "3 passed, 3 skipped" in told

    code, told = run(folder, "--not-run", *processes)
    assert code == 0, told
    assert "2 passed, 3 skipped" in told, "the file of a part that did not run is run as a whole"
    assert "deselected" not in told, "no other file is read"

    (folder / "gh").write_text("#!/bin/sh\n")
    (folder / "gh").chmod(0o755)
    code, told = run(folder, "--not-run", *processes, path=str(folder))
    assert code == 1
    assert told.count("AssertionError: ran without gh") >= 3, "they run once gh is there"


def test_a_missing_one_fails_in_ci(folder: Path) -> None:
    code, told = run(folder, "-n", "2", ci="true")
    assert code == 1
    assert "2 passed" in told
    assert "INTERNALERROR" not in told
    assert "gh is not here. Get it: apt-get install gh" in told


def test_nothing_left_is_no_failure(folder: Path) -> None:
    (folder / "test_some.py").unlink()
    assert run(folder)[0] == 0
    code, told = run(folder, "--not-run")
    assert (code, "passed" in told) == (0, False), told


def test_a_failure_that_holds_no_valid_text_is_reported_like_any_other(folder: Path) -> None:
    names = "raise AssertionError('lost \\udcff')", "pytest.skip('lost \\udcff')", "print('lost \\udcff'); assert 0"
    text = "".join(f"def test_{number}():\n    {name}\n" for number, name in enumerate(names))
    (folder / "test_some.py").write_text(f"import pytest\n{text}")
    code, told = run(folder, "-n", "2")
    assert (code, "INTERNALERROR" in told) == (1, False), told
    assert "2 failed, 1 passed, 1 skipped" in told
    assert "AssertionError: lost \\udcff" in told
