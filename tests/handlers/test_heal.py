"""What a heal reads out of workflow files, which tools mend what, and what makes a check easier."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from bot.github.text.diffs import parse_diff
from handlers.heal.causes import explain_records, is_action
from handlers.heal.experiments import has_cause_of
from handlers.heal.gates import find_others
from handlers.heal.locks import explain_naming
from handlers.heal.loosening import find_loosened
from handlers.heal.mending import find_mends
from handlers.heal.records import RedJob
from handlers.heal.searching import write_query
from handlers.heal.snapshots import are_snapshots, find_renewal
from handlers.heal.workflow_steps import find_command

WORKFLOW = """
name: CI
on: push
env: {LEVEL: high, TOKEN: "${{ secrets.TOKEN }}"}
defaults: {run: {working-directory: app}}
jobs:
  test:
    name: Test
    strategy: {matrix: {python: ["3.11", 3.12], os: [linux]}}
    env: {MODE: fast}
    steps:
      - uses: actions/checkout@v4
      - name: Unit on ${{ matrix.python }}
        run: |
          pip install -e .[test]
          pytest -q --level ${{ env.LEVEL }}
        env: {EXTRA: 1}
      - run: echo ${{ github.event.number }}
      - shell: pwsh
        run: Get-Item .
  gen:
    steps:
      - working-directory: .
        run: make generate && git diff --exit-code
      - run: |
          make docs
          git diff --quiet -- docs
"""


def test_the_failed_step_s_command_is_read_from_the_file() -> None:
    found = find_command(WORKFLOW, "Test (3.11, linux)", "Unit on 3.11").command
    assert found is not None
    assert (found.text, found.folder, found.clean) == ("pytest -q --level high", "app", False)
    assert found.env == {"LEVEL": "high", "MODE": "fast", "EXTRA": "1"}, "what only Actions knows is no value"
    assert found.left_out == ("pip install -e .[test]",)
    stale = find_command(WORKFLOW, "gen", "Run make generate && git diff --exit-code").command
    assert stale is not None
    assert (stale.text, stale.folder, stale.clean) == ("make generate", ".", True)
    docs = find_command(WORKFLOW, "gen", "Run make docs").command
    assert docs is not None
    assert (docs.text, docs.clean) == ("make docs", True)


@pytest.mark.parametrize(
    ("job", "step", "why"),
    [
        ("Test (3.11, linux)", "Run actions/checkout@v4", "an action"),
        ("Test (3.11, linux)", "Run echo ${{ github.event.number }}", "only a run of Actions knows"),
        ("Test (3.11, linux)", "Run Get-Item .", "the shell `pwsh`"),
        ("Test (3.11, linux)", "Nothing", "no step"),
        ("Test", "Unit on 3.11", "no job"),
    ],
)
def test_what_cannot_be_run_here_is_said(job: str, step: str, why: str) -> None:
    found = find_command(WORKFLOW, job, step)
    assert found.command is None
    assert why in found.why_not


@pytest.mark.parametrize(
    "text",
    ["", "a: [", "[]", "jobs: 3", "jobs: {a: {steps: 3}}", "jobs: {a: {steps: [3, {run: [1]}], strategy: {matrix: x}}}",
     "jobs: {a: {strategy: {matrix: {x: {y: 1}, include: [3]}}, steps: [null]}}", "[" * 5000],
)  # fmt: skip
def test_no_file_is_too_odd(text: str) -> None:
    assert find_command(text, "a", "Run x").command is None


def test_a_bomb_of_references_is_no_name() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 8)}]" for n in range(1, 12)]
    text = "\n".join([*lines, "jobs: {a: {name: *a11, steps: [{name: *a11, run: *a11}], env: {X: *a11}}}"])
    assert find_command(text, "a", "Run x").command is None


@pytest.mark.parametrize(
    ("command", "mends"),
    [
        ("ruff format --check src", ["ruff format src"]),
        ("ruff check .\nruff format --diff .", ["ruff check --fix .", "ruff format ."]),
        ("uv run ruff check src && uv run black --check src", ["uv run ruff check --fix src", "uv run black src"]),
        ("python -m isort --check-only --diff .", ["python -m isort ."]),
        ("npx prettier --check 'src/**/*.ts'", ["npx prettier --write 'src/**/*.ts'"]),
        ("npx eslint .", ["npx eslint --fix ."]),
        ("gofmt -l .", ["gofmt -w ."]),
        ("cargo fmt --all -- --check", ["cargo fmt --all"]),
        ("cargo clippy -- -D warnings",
         ["cargo clippy --fix --allow-dirty --allow-staged --allow-no-vcs -- -D warnings"]),
        ("bundle exec rubocop", ["bundle exec rubocop -A"]),
        ("black .", []),
        ("mypy src", []),
        ("test -z \"$(gofmt -l .)\"", []),
        ("ruff check . | tee out; rm -rf x", []),
        ("ruff check 'unclosed", []),
        ("pytest -q", []),
    ],
)  # fmt: skip
def test_which_tool_mends_what(command: str, mends: list[str]) -> None:
    assert find_mends(command) == mends


def test_an_output_is_left_out_only_where_ci_told_its_cause() -> None:
    told = 'Traceback:\n  File "/work/t.py", line 3, in test_it\nAssertionError: 1 != 2\n\nFAILED (failures=1)\n'
    elsewhere = told.replace("/work/", "/home/runner/work/a/a/")
    assert has_cause_of(told, f"{elsewhere}Ran 1 test in 0.002s\n")
    assert not has_cause_of(told, "Ran 1 test in 0.002s\n\nFAILED (failures=1)\n"), "CI's log was cut before it"


def test_the_real_ruff_mends_what_it_complains_of(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import os\nx = {  'a':1 }\n")
    command = "python -m ruff check --no-cache . && python -m ruff format --no-cache --check ."

    def run(line: str) -> int:
        line = line.replace("python -m", f"{shlex.quote(sys.executable)} -m")
        return subprocess.run(["bash", "-ec", line], cwd=tmp_path, capture_output=True).returncode

    assert run(command) != 0
    assert [run(one) for one in find_mends(command)] == [0, 0]
    assert run(command) == 0


def loosened(path: str, before: str, after: str, *commands: str) -> list[str]:
    removed = "".join(f"-{line}\n" for line in before.splitlines())
    added = "".join(f"+{line}\n" for line in after.splitlines())
    counts = f"-1,{len(before.splitlines())} +1,{len(after.splitlines())}"
    diff = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n@@ {counts} @@\n{removed}{added}"
    return list(find_loosened(parse_diff(diff), {path: (before, after)}, commands))


@pytest.mark.parametrize(
    ("path", "before", "after", "command"),
    [
        ("Makefile", "test:\n\tpytest\n", "test:\n\ttrue\n", "make test"),
        ("pyproject.toml", "[tool.ruff]\n", "[tool.ruff]\nignore = ['E']\n", "ruff check"),
        ("pyproject.toml", "[tool.ruff]\n", "[tool.ruff\n", "ruff check"),
        ("package.json", '{"scripts": {"test": "jest"}}', '{"scripts": {"test": "true"}}', "npm test"),
        ("scripts/check.sh", "pytest\n", "true\n", "./scripts/check.sh"),
        ("shop/web.py", "x = get(url, timeout=5)\n", "x = get(url, timeout=500)\n", "pytest"),
        ("tests/quarantine.txt", "", "tests/test_a.py::test_b\n", "pytest"),
    ],
)
def test_what_makes_a_check_easier_is_found(path: str, before: str, after: str, command: str) -> None:
    assert loosened(path, before, after, command)


def test_what_does_not_make_a_check_easier_passes() -> None:
    assert loosened("shop/web.py", "x = get(url, timeout=500)\n", "x = get(url, timeout=5)\n", "pytest shop/") == []
    assert loosened("pyproject.toml", "[project]\nversion='1'\n", "[project]\nversion='2'\n", "pytest") == []
    assert loosened("shop/new.py", "", "TIMEOUT = 5\n", "pytest") == []


def red(step: str, conclusion: str = "failure", said: str = "", app: str = "github-actions") -> RedJob:
    return RedJob(id=1, name="test", app=app, conclusion=conclusion, said=said, run=7, step=step)


def test_the_records_alone_tell_some_causes() -> None:
    def kind(*jobs: RedJob) -> str | None:
        found = explain_records(jobs)
        return found.kind if found is not None else None

    assert kind(red("Set up job")) == "infrastructure"
    assert kind(red("")) == "infrastructure"
    assert kind(red("Run actions/setup-python@v5", said="connection reset by peer")) == "infrastructure"
    assert kind(red("Run actions/setup-python@v5", said="no such version")) == "configuration"
    assert kind(red("Test", "timed_out")) == "resource"
    assert kind(red("Test", said="##[error]Process completed with exit code 137.")) == "resource"
    assert kind(red("Test", said="connection reset by peer")) is None, "words alone show nothing"
    assert kind(red("Set up job"), red("Test")) is None, "one of them is to be looked into"
    assert kind(red("Set up job", app="jenkins")) is None
    assert is_action("Post Run actions/checkout@v4")
    assert not is_action("Run npm publish user@host/path --x")


def test_what_is_searched_is_what_failed_not_what_runners_say() -> None:
    said = (
        "tests/test_a.py::test_one PASSED [ 50%]\ntests/test_a.py::test_register_twice FAILED [100%]\n"
        "=================== FAILURES ===================\n"
        ">       assert len(registry) == 1\nE       AssertionError: assert 2 == 1\n"
        "tests/test_a.py:9: AssertionError\n"
        "FAILED tests/test_a.py::test_register_twice - AssertionError: assert 2 == 1\n"
        "========= 1 failed, 1 passed in 0.10s ==========\n"
    )
    title, text = write_query([said])
    assert title == "test_register_twice"
    assert "len(registry) == 1" in text
    assert not re.search(r"(?i)test_one|failures|\b(?:failed|passed|assert\w*)\b", text)
    assert write_query(["disk is full"]) == ("CI fails", "disk is full")


@pytest.mark.parametrize(
    ("tests", "said", "line"),
    [
        # as syrupy 7.0.2, Vitest 3.2.7 (coloured) and Jest 29.7 write it
        (["tests/test_a.py::test_x"], "1 snapshot failed. 1 snapshot passed.",
         "python3 -m pytest --snapshot-update tests/test_a.py"),
        (["a.test.ts::x", "a.test.ts::y"], "\x1b[2m  Snapshots \x1b[22m \x1b[1m\x1b[31m1 failed\x1b[39m\x1b[22m\n",
         "npx --no-install vitest run -u a.test.ts"),
        (["a b.test.js::x"], " › 1 snapshot failed.\nSnapshot Summary\n",
         "npx --no-install jest --ci=false -u 'a b.test.js'"),
        (["web/src/a.test.js::x"], " › 1 snapshot failed.\n",
         "(cd web && npx --no-install jest --ci=false -u src/a.test.js)"),
        (["web/a.test.js::x", "a.test.js::x"], " › 1 snapshot failed.\n", ""),
        (["tests/test_a.py::test_x"], "no snapshot of the disk", ""),
        (["tests/test_a.py::test_x", "web/a.test.ts::y"], "1 snapshot failed.", ""),
        ([], "1 snapshot failed.", ""),
    ],
)  # fmt: skip
def test_which_command_renews_snapshots(tests: list[str], said: str, line: str) -> None:
    assert find_renewal(tests, said, lambda file: "web" if file.startswith("web/") else "").line == line


def test_only_snapshots_are_renewed() -> None:
    assert are_snapshots(["tests/__snapshots__/test_a.ambr", "web/__snapshots__/a/b.snap", "x.snap"])
    assert not are_snapshots(["tests/__snapshots__/a.snap", "shop/prices.py"])
    assert not are_snapshots([])


def test_only_a_test_that_passes_in_our_own_runs_has_ci_s_command_run_again() -> None:
    passing = ["tests/test_a.py::test_timed", "tests/test_b.py::BTest::test_one"]
    timed = "FAILED tests/test_a.py::test_timed - assert 2.1 < 2\n1 failed, 9 passed in 3s\n"
    assert find_others(timed, passing) == ("tests/test_a.py::test_timed",)
    assert find_others("FAIL: test_one (tests.test_b.BTest.test_one)\nFAILED (failures=1)\n", passing)
    assert find_others(f"{timed}FAILED tests/test_a.py::test_healed - assert 1 == 2\n", passing) == ()
    assert find_others("make: *** [test] Error 1\n", passing) == (), "no test is named"


def test_lock_files_are_renewed_only_for_branches_and_where_the_policy_lets_it() -> None:
    assert explain_naming(("locks",), on_pull=False) == ""
    assert "with `heal: {renew: [locks]}` in the policy" in explain_naming(("snapshots",), on_pull=False)
    assert explain_naming(("locks",), on_pull=True).startswith("I do not push that to a pull request.")
