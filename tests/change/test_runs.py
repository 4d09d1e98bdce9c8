"""Runs before and after a change, with real runners on real trees: what is compared with what."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from bot.change.baseline import run_scope
from bot.change.gate_runner import run_again
from bot.change.gates import regression_gate, regressions
from bot.change.records import Baseline
from bot.git.changes import Changes
from bot.git.mirrors import Mirror
from bot.settings import Checks, Settings
from bot.toolchains.port import TestRun
from bot.toolchains.repository import make_toolchain
from bot.work.workshop import Workshop
from tests.support.sandboxes import bubblewrap
from tests.toolchains.conftest import write

CASE = "import unittest\nimport calc\nclass Case(unittest.TestCase):\n"
FILES = {
    "calc.py": "def add(a, b):\n    return a + b\n",
    "tests/test_a.py": f"{CASE}    def test_add(self): self.assertEqual(calc.add(1, 2), 3)\n"
    "    def test_known(self): self.fail()\n",
    "tests/test_b.py": f"{CASE}    def test_add(self): self.assertEqual(calc.add(2, 2), 4)\n",
    "tests/models.py": "import no_such_framework\n",
}


def commit(source: Path, git_dir: Path) -> str:
    who = ["-c", "user.name=Mara", "-c", "user.email=mara@example.com"]
    for argv in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", *argv], cwd=source, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(source), str(git_dir)], check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=git_dir, check=True, capture_output=True, text=True)
    return done.stdout.strip()


async def opened(tmp_path: Path, files: dict[str, str], checks: Checks) -> Workshop:
    git_dir = tmp_path / "repo.git"
    sha = await asyncio.to_thread(commit, write(tmp_path / "source", files), git_dir)

    async def mirror() -> Mirror:
        return Mirror(git_dir, "http://127.0.0.1", "http://127.0.0.1/octo/sample.git")

    sandbox, settings = bubblewrap(), Settings(registries=["registry.invalid"])
    return Workshop(
        tmp_path / "task", mirror, sha, sandbox, lambda tree: make_toolchain(sandbox, checks, tree, settings)
    )


def recorded(targets: tuple[str, ...], run: TestRun) -> Baseline:
    return Baseline(
        scope="",
        targets=targets,
        command=run.command,
        verdicts=run.verdicts(),
        seconds=1,
        tier="",
        unloaded=run.unloaded,
    )


async def test_a_target_that_aborts_the_runner_is_dropped_and_named(tmp_path: Path) -> None:
    # as Django's runner: one module that cannot be imported, and nothing runs; without names it finds nothing
    runner = (
        "import sys, importlib, unittest\nnames = sys.argv[1:] or sys.exit('Ran 0 tests')\n"
        "modules = [importlib.import_module(name) for name in names]\n"
        "unittest.main(module=None, argv=['run', *names])\n"
    )
    checks = Checks(test="python run.py {modules}", results="exit")
    workshop = await opened(tmp_path, FILES | {"run.py": runner, "tests/__init__.py": ""}, checks)
    scope = await run_scope(workshop, ("tests/models.py", "tests/test_b.py"), seconds=60)
    assert scope.targets == ("tests/test_b.py",)
    assert scope.run.verdicts() == {"python run.py tests.test_b": "passed"}
    assert scope.text(10).endswith("the full suite gives no results; not usable: `tests/models.py`")


async def test_a_suite_of_which_nothing_can_be_loaded_is_no_before(tmp_path: Path) -> None:
    files = {"tests/test_a.py": "import unittest, no_such_module\n", "calc.py": ""}
    workshop = await opened(tmp_path, files, Checks())
    scope = await run_scope(workshop, ("tests/test_a.py",), seconds=60)
    assert (scope.targets, scope.run.complete, scope.run.ran_any) == ((), True, False)
    base = recorded(scope.targets, scope.run)
    _, _, run = await run_again(workshop, 60, base, Changes(), ["calc.py", "tests/test_a.py"])
    gate = regression_gate(base, run, [], [])
    assert (gate.passed, gate.before, gate.after) == (False, "1 cannot be loaded", "1 cannot be loaded")


async def test_a_regression_beside_a_known_failure_is_seen_and_what_vanished_runs_again(tmp_path: Path) -> None:
    workshop = await opened(tmp_path, FILES, Checks())
    scope = await run_scope(workshop, (), seconds=60)
    await workshop.keep_bytecode()
    base = recorded(scope.targets, scope.run)
    assert len(base.passing()) == 2
    broken = Changes(files={"calc.py": "def add(a, b):\n    return 4\n"})
    after, flaky, run = await run_again(workshop, 60, base, broken, list(FILES))
    lost = regressions(base.verdicts, after)
    assert (lost, flaky) == (("tests/test_a.py::Case::test_add",), [])
    gate = regression_gate(base, run, lost, flaky)
    assert (gate.passed, gate.detail) == (False, "tests/test_a.py::Case::test_add: passed before, failed now")


async def test_a_name_that_is_another_in_every_run_is_no_regression(tmp_path: Path) -> None:
    """As of tests that are made from the time or a fresh folder: pytest's, unittest's, or a suite's of JavaScript."""
    text = (
        "import time, unittest\nimport calc\nclass Case(unittest.TestCase):\n    def test_known(self): pass\n"
        "def add(self): self.assertEqual(calc.add(1, 2), 3)\nsetattr(Case, f'test_at_{time.time_ns()}', add)\n"
    )
    files = {"calc.py": FILES["calc.py"], "tests/test_a.py": text}
    workshop = await opened(tmp_path, files, Checks())
    scope = await run_scope(workshop, (), seconds=60)
    base = recorded(scope.targets, scope.run)
    good = Changes(files={"calc.py": "def add(a, b):\n    return b + a\n"})
    after, _, _ = await run_again(workshop, 60, base, good, list(files))
    assert regressions(base.verdicts, after) == ()
    broken = Changes(files={"calc.py": "def add(a, b):\n    return 0\n"})
    after, flaky, _ = await run_again(workshop, 60, base, broken, list(files))
    assert len(regressions(base.verdicts, after)) == 2, "the name of before is gone, that of now fails"
    assert flaky == []


async def test_what_fails_only_behind_other_tests_is_not_flaky(tmp_path: Path) -> None:
    workshop = await opened(tmp_path, FILES, Checks())
    base = recorded((), await workshop.test(Changes()))
    text = "seen = []\ndef add(a, b):\n    seen.append(a)\n    return a + b if seen[0] == a else 0\n"
    after, flaky, _ = await run_again(workshop, 60, base, Changes(files={"calc.py": text}), list(FILES))
    assert (regressions(base.verdicts, after), flaky) == (("tests/test_b.py::Case::test_add",), [])


async def test_a_gate_that_ran_out_of_time_runs_again_and_blames_nobody(tmp_path: Path) -> None:
    workshop = await opened(tmp_path, FILES, Checks())
    base = recorded((), await workshop.test(Changes()))
    slow = Changes(files={"calc.py": f"import time\ntime.sleep(60)\n{FILES['calc.py']}"})
    after, _, run = await run_again(workshop, 2, base, slow, list(FILES))
    lost = regressions(base.verdicts, after, complete=run.complete)
    assert (run.result.ended, lost) == ("timeout", ())
    # the second run, which had twice the time
    assert run.result.seconds >= 4
    gate = regression_gate(base, run, lost, [])
    assert (gate.passed, gate.after) == (False, "no result")
    assert "did not end within" in gate.detail
    assert "test_add" not in gate.detail


NAMED_BY_THE_TIME = """import calc, sys, time
good = calc.add(1, 2) == 3
cases = {f"adds[{time.time_ns()}]": "" if good else "<failure/>", f"{calc.NAME}[{calc.NAME}]": ""}
lines = [f'<testcase file="tests/test_a.py" name="{name}">{body}</testcase>' for name, body in cases.items()]
open(sys.argv[1], "w").write(f"<testsuite>{''.join(lines)}</testsuite>")
sys.exit(not good)
"""


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("NAME = 'b'\ndef add(a, b):\n    return b + a\n", ["a[a]"]),
        ("NAME = 'a'\ndef add(a, b):\n    return b + a\n", []),
        ("NAME = 'a'\ndef add(a, b):\n    return 4\n", ["adds", "adds"]),
    ],
)
async def test_a_name_that_is_new_in_every_run_is_no_loss(tmp_path: Path, text: str, lost: list[str]) -> None:
    files = FILES | {"calc.py": "NAME = 'a'\ndef add(a, b):\n    return a + b\n", "run.py": NAMED_BY_THE_TIME}
    workshop = await opened(tmp_path, files, Checks(test="python run.py {results}"))
    base = recorded((), await workshop.test(Changes()))
    assert len(base.passing()) == 2
    after, _, _ = await run_again(workshop, 60, base, Changes(files={"calc.py": text}), list(files))
    found = regressions(base.verdicts, after)
    assert [name.removeprefix("tests/test_a.py::").partition("[1")[0] for name in found] == lost
