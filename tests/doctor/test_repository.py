"""``forgehand doctor --repo``: what would be done with a checkout, what is missing, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.checkup import Line
from bot.cli import main
from bot.doctor.repository import find
from bot.git.command import run_git
from bot.settings import Checks, Settings
from tests.toolchains.conftest import write

TEST = """import unittest


class TestCart(unittest.TestCase):
    def test_adds(self):
        self.assertEqual(1 + 1, 2)

    def test_fails(self):
        self.assertEqual(1 + 1, 3)
"""


async def examine(repo: Path, checks: Checks | None = None, *, run: bool = False) -> list[Line]:
    return [line async for line in find(repo, checks or Checks(), Settings(sandbox="auto"), run=run)]


async def test_each_part_is_described_with_its_evidence(tmp_path: Path) -> None:
    files = {
        "tests/test_cart.py": TEST,
        "web/package.json": '{"scripts": {"test": "node --test"}, "engines": {"node": ">=99"}}',
    }
    python, node = await examine(write(tmp_path, files))
    assert (python.level, python.subject) == ("ok", "Repository")
    assert python.text == "python, tested by pytest, else unittest. Seen by `tests/test_cart.py`."
    assert (node.level, node.subject) == ("fail", "web")
    assert node.text.startswith("node, installed by npm, tested by node:test. Seen by script `test` of package.json. ")


async def test_a_policy_says_how(tmp_path: Path) -> None:
    (line,) = await examine(write(tmp_path, {"a.py": ""}), Checks(test="make check"))
    assert line.text == "python, tested by `make check` of the policy. Assumed, as nothing names another language."


async def test_a_folder_of_no_known_language_says_what_to_set(tmp_path: Path) -> None:
    (line,) = await examine(write(tmp_path, {"main.zig": ""}))
    assert line.level == "fail"
    assert line.text.startswith("I find no tests that I can run here"), "no guess at a language"
    assert "Set `checks.setup` and `checks.test`" in line.text


@pytest.mark.needs("sandbox")
async def test_a_run_shows_what_comes_of_head(tmp_path: Path) -> None:
    repo = write(tmp_path, {"tests/test_cart.py": TEST})
    for command in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "a"],
    ):
        assert (await run_git(command, cwd=repo)).code == 0
    write(tmp_path, {"tests/test_later.py": TEST})
    *_, tests = await examine(repo, run=True)
    assert tests.level == "warn"
    assert "1 failed, 1 passed" in tests.text
    told, said = tests.text.split("\nWhat the first of them says:\n")
    assert told.endswith("Not passing: tests/test_cart.py::TestCart::test_fails.")
    assert "AssertionError" in said


TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3
LOUD = f"""i=0
while [ $i -lt 90 ]; do i=$((i+1)); echo "line $i of it"; done
printf '\\033]0;title\\007\\033[31mtoken {TOKEN}\\033[0m [bold]\\n%900d\\n' 7
no-such-runner
"""


@pytest.mark.needs("sandbox")
async def test_a_run_without_a_report_shows_why(tmp_path: Path) -> None:
    repo = write(tmp_path, {"tests/test_cart.py": TEST, "run.sh": LOUD})
    *_, tests = await examine(repo, Checks(setup="true", test="sh run.sh"), run=True)
    reason, end = tests.text.split("\nThe end of its output:\n")
    assert (tests.level, reason.endswith("The run left no report.")) == ("warn", True)
    lines = end.split("\n")
    assert (len(lines), lines[0]) == (20, "    line 74 of it")
    assert "no-such-runner: not found" in lines[-1]
    assert max(map(len, lines)) == 304, "a long line is cut"
    assert TOKEN not in end
    assert end.replace("\n", "").isprintable()


def test_run_alone_is_wrong_usage() -> None:
    done = CliRunner().invoke(main, ["doctor", "--run"])
    assert (done.exit_code, "--run needs --repo." in done.output) == (2, True)
