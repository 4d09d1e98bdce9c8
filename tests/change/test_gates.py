"""Each gate alone: what passes, what does not, and what it says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.change import gates
from bot.change.records import Baseline, Failure, Proof
from bot.git.changes import Changes
from bot.toolchains.port import Completeness, TestCase, Verdict
from tests.change.test_proof_rules import case, run

DIFF = """diff --git a/a.py b/a.py
--- a/a.py
+++ b/a.py
@@ -1,2 +1,3 @@
 x = 1
-y = 2
+y = 3
+++ z
"""


def proof(*tests: str) -> Proof:
    failures = tuple(Failure(test=name, phase="call", message="E assert") for name in tests)
    files = Changes(files={"t.py": ""})
    return Proof(files=files, targets=("t.py",), tests=tests, failures=failures, runs=3, reason="", command="pytest")


def base(verdicts: dict[str, Verdict], unloaded: tuple[str, ...] = ()) -> Baseline:
    return Baseline(
        scope="full suite",
        targets=(),
        command="pytest",
        verdicts=verdicts,
        seconds=1,
        tier="bubblewrap",
        unloaded=unloaded,
    )


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/ci.yml", ".GitHub/workflows/ci.yml", "uv.lock", "web/package-lock.json", "CLAUDE.md",
        ".husky/pre-commit", "evil.pth", "src/sitecustomize.py", ".pre-commit-config.yaml", ".git/hooks/x",
        "web/.npmrc", "yarn.lock", "web/npm-shrinkwrap.json", ".yarn/releases/yarn-4.4.1.cjs", "pnpm-workspace.yaml",
        "eslint.config.mjs", "bun.lockb", ".pnpmfile.cjs", ".nvmrc",
        "sub/CLAUDE.md", "docs/.claude/settings.json", "web/pnpm-lock.yaml", "Jenkinsfile", "pkg/.gitattributes",
    ],
)  # fmt: skip
def test_protected_paths(path: str) -> None:
    assert gates.is_protected(path)
    assert not gates.paths_gate(Changes(files={path: "x"})).passed


def test_of_protected_paths_only_the_very_lock_file_that_a_tool_renewed_is_free() -> None:
    renewed = ("web/uv.lock", ".github/uv.lock")
    gate = gates.paths_gate(Changes(files={"web/uv.lock": "x", "a.py": "y"}), renewed=renewed)
    assert (gate.passed, gate.detail) == (True, "`web/uv.lock`, which its own tool renewed")
    assert gates.paths_gate(Changes(files={"web/uv.lock": "x", "uv.lock": "y"}), renewed=renewed).detail == "uv.lock"
    assert not gates.paths_gate(Changes(files={".github/uv.lock": "x"}), renewed=renewed).passed
    assert not gates.paths_gate(Changes(files={"web/uv.lock": "x"}), ["web/"], renewed=renewed).passed


def test_ordinary_paths_are_free() -> None:
    assert gates.paths_gate(Changes(files={"src/github/workflows.py": "x", "docs/lock.md": "y"})).passed


def test_existing_tests_and_all_test_configuration_come_from_the_base() -> None:
    wanted = Changes(
        files={"src/a.py": "1", "tests/test_a.py": "weaker", "tests/test_new.py": "new", "tests/conftest.py": "planted"}
    )
    changes, restored = gates.take_tests_from_base(
        wanted,
        base_paths={"src/a.py", "tests/test_a.py"},
        is_test=lambda path: path.startswith("tests/"),
        is_config=lambda path: path.endswith("conftest.py"),
    )
    assert set(changes.files) == {"src/a.py", "tests/test_new.py"}
    assert restored == ("tests/conftest.py", "tests/test_a.py")
    gate = gates.tests_gate(restored)
    assert not gate.passed
    assert "tests/test_a.py" in gate.detail


def test_a_larger_run_counts_as_one_of_the_proofs_where_all_of_it_passes() -> None:
    mine, other = case("", verdict="passed"), case("E assert", name="other.py::test")
    found = gates.select_proof(run(mine, other), proof("t.py::test"), ["t.py"])
    assert found is not None
    assert found.cases == (mine,), "what else fails there is the other gate's"
    assert gates.proof_gate(proof("t.py::test"), [found]).passed
    added = case("E assert", name="t.py::added")
    for alone in (run(other), run(mine, added), run(case("E assert")), run(mine, ended="timeout")):
        assert gates.select_proof(alone, proof("t.py::test"), ["t.py"]) is None
    assert gates.select_proof(run(mine), proof("pytest"), ["t.py"]) is None, "only the exit code counts"


def test_the_proof_must_pass_every_time() -> None:
    good, bad = run(case("", verdict="passed")), run(case("E assert"))
    assert gates.proof_gate(proof("t.py::test"), [good] * 3).passed
    flaky = gates.proof_gate(proof("t.py::test"), [good, bad, good])
    assert not flaky.passed
    assert flaky.after == "passes in 2 of 3"
    missing = gates.proof_gate(proof("t.py::test"), [run()] * 3)
    assert missing.detail == "t.py::test: not run"


def test_a_test_that_vanishes_or_is_skipped_is_a_regression() -> None:
    before = {"a": "passed", "b": "passed", "c": "failed", "d": "passed"}
    after = {"a": "passed", "b": "skipped", "c": "failed"}
    lost = gates.regressions(before, after)
    assert lost == ("b", "d")
    now = run(*(case("", name=name, verdict=verdict) for name, verdict in after.items()))
    gate = gates.regression_gate(base(before), now, lost, ["e"])
    assert not gate.passed
    assert gate.before == "3 pass, 1 fail"
    assert "d: passed before, not run now" in gate.detail


def test_a_new_test_that_fails_is_gated_too() -> None:
    assert gates.regressions({"a": "passed", "b": "failed"}, {"a": "passed", "b": "failed", "new": "failed"}) == (
        "new",
    )
    half = run(case("", verdict="passed"), case("E assert", name="t.py::other"))
    gate = gates.proof_gate(proof("t.py::test"), [half] * 3)
    assert not gate.passed
    assert gate.detail == "t.py::other: failed"


def test_a_run_that_was_cut_short_passes_no_gate() -> None:
    good = run(case("", verdict="passed"))
    cut = good.model_copy(update={"completeness": Completeness(ok=False, reason="A test was lost.")})
    assert "no usable result" in gates.proof_gate(proof("t.py::test"), [good, good, cut]).detail
    assert not gates.regression_gate(base({"t.py::test": "passed"}), cut, [], []).passed


def test_tests_that_a_stopped_run_did_not_reach_are_nobodys_fault() -> None:
    before: dict[str, Verdict] = {"t.py::a": "passed", "t.py::b": "passed", "t.py::c": "passed"}
    stopped = run(case("", name="t.py::a", verdict="passed"), case("no", name="t.py::b"), ended="timeout")
    lost = gates.regressions(before, stopped.verdicts(), complete=stopped.complete)
    assert lost == ("t.py::b",)
    gate = gates.regression_gate(base(before), stopped, lost, [])
    assert not gate.passed
    assert gate.detail == (
        "t.py::b: passed before, failed now\n`pytest` did not end within 1 s, so its result is not known"
    )
    proved = gates.proof_gate(proof("t.py::c"), [stopped] * 3)
    assert not proved.passed
    assert "not run" not in proved.detail


def test_a_suite_that_cannot_be_loaded_is_not_one_failure() -> None:
    before: dict[str, Verdict] = {"t.py::a": "passed", "t.py::b": "passed", "u.py::c": "passed", "v.py": "error"}
    broken = run(
        case("ImportError", name="t.py", verdict="error", phase="collect"),
        case("", name="u.py::c", verdict="passed"),
        case("ImportError", name="v.py", verdict="error", phase="collect"),
    )
    gate = gates.regression_gate(
        base(before, unloaded=("v.py",)), broken, gates.regressions(before, broken.verdicts()), []
    )
    assert (gate.before, gate.after) == ("3 pass, 1 cannot be loaded", "1 pass, 2 cannot be loaded")
    assert gate.detail == "t.py cannot be loaded now; 2 of its tests passed before"


@pytest.mark.parametrize(
    ("before", "unloaded", "now", "passed"),
    [
        # nothing ran before, and nothing after
        ({"pytest": "error"}, ("pytest",), case("ImportError", name="pytest", verdict="error", phase="collect"), False),
        ({}, (), case("", name="t.py::new", verdict="passed"), False),
        ({"t.py::a": "failed"}, (), case("", name="t.py::a", verdict="passed"), False),
        ({"t.py::a": "skipped"}, (), case("", name="t.py::a", verdict="skipped"), False),
        # a command as a whole, of which only the exit code counts
        ({"pytest": "failed"}, (), case("no", name="pytest"), False),
        ({"pytest": "failed"}, (), case("", name="pytest", verdict="passed"), True),
        ({"t.py::a": "passed"}, (), case("", name="t.py::a", verdict="passed"), True),
    ],
)
def test_nothing_is_compared_with_nothing(
    before: dict[str, Verdict], unloaded: tuple[str, ...], now: TestCase, passed: bool
) -> None:
    lost = gates.regressions(before, {now.id: now.verdict})
    gate = gates.regression_gate(base(before, unloaded=unloaded), run(now), lost, [])
    assert gate.passed is passed
    assert passed or "No test passed before" in gate.detail


def test_what_a_plugin_says_of_the_proofs_file_is_not_the_proof() -> None:
    style = case("line too long", name="t.py::STYLE").model_copy(update={"kind": "check"})
    good = run(case("", verdict="passed"), style)
    assert gates.proof_gate(proof("t.py::test"), [good] * 3).passed


@pytest.mark.parametrize("path", ["Plan b/a.py", "b/ b/x.py", "\u00e4 b/\u00f6.py"])
def test_size_is_read_whatever_folders_are_called(path: str, tmp_path: Path) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run([*git, "init", "-q", "."], cwd=tmp_path, check=True)
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("x = 1\ny = 2\n")
    subprocess.run([*git, "add", "-A"], cwd=tmp_path, check=True)
    subprocess.run([*git, "commit", "-qm", "base"], cwd=tmp_path, check=True)
    (tmp_path / path).write_text("x = 1\ny = 3\n")
    diff = subprocess.run([*git, "diff"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert (gates.size_gate(diff, 20, 800).passed, gates.describe_size(diff)) == (True, "2 lines in 1 file")
    assert not gates.secrets_gate(diff, lambda text: ["key"] if text == "y = 3\n" else []).passed


def test_size_and_secrets_look_at_added_lines() -> None:
    gate = gates.size_gate(DIFF, 20, 800)
    assert gate.passed
    assert gate.after == "3 lines in 1 file"
    assert not gates.size_gate("", 20, 800).passed
    assert not gates.secrets_gate(DIFF, lambda text: ["key"] if "y = 3" in text else []).passed
    assert gates.secrets_gate(DIFF, lambda text: ["key"] if "y = 2" in text else []).passed
