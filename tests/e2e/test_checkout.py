"""``forgehand run --repo PATH``: a process, a checkout, a model at the end of ANTHROPIC_BASE_URL."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from simhub.scripted_model import Script, ScriptedModel
from tests.e2e.answers import BODY, FIX, GOOD, PROOF, TITLE
from tests.e2e.reading import BUGGY, QUIET, finding, reports, verdict
from tests.e2e.scenes import SAMPLE
from tests.support import forks
from tests.support.stand_in import standing_in
from tests.support.terminal import typed


def git(repo: Path, *argv: str) -> str:
    command = ["git", "-C", str(repo), "-c", "user.name=a", "-c", "user.email=a@b.c", *argv]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    repo = tmp_path / "basket"
    shutil.copytree(SAMPLE, repo, ignore=shutil.ignore_patterns("__pycache__"))
    git(repo, "init", "-q", "-b", "main")
    git(repo, "add", ".")
    git(repo, "commit", "-q", "-m", "Start")
    return repo


async def attempt(folder: Path, *arguments: str | Path, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error.

    The bot that the command starts is forked; tests/local starts one.
    """
    python = folder / "python"
    settings = {"FORGEHAND_DATA_DIR": str(folder / "own"), forks.PYTHON: str(python), **environment}
    async with standing_in() as put:
        put(python)
        end = await typed(*arguments, **settings)
    assert end.code is not None
    return end.code, end.out, end.err


def key(model: ScriptedModel) -> dict[str, str]:
    return {"ANTHROPIC_BASE_URL": model.anthropic_url, "ANTHROPIC_API_KEY": "sk-ant-api03-of-the-test"}


@pytest.mark.needs("sandbox")
async def test_a_fix_comes_home_as_a_branch(tmp_path: Path, checkout: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text(f"{TITLE}\n\n{BODY}\n")
    (checkout / "notes.txt").write_text("mine\n")
    (checkout / "basket" / "basket.py").write_text("raise SystemExit('half done')\n")
    head = git(checkout, "rev-parse", "HEAD")
    async with ScriptedModel(Script.load(GOOD)) as model:
        code, output, errors = await attempt(tmp_path, "try", "--repo", checkout, "--issue", issue, **key(model))
        assert model.script.unmatched == []
    assert code == 0, errors
    (ignored,) = [line for line in errors.splitlines() if line.startswith("Not committed, so ignored: ")]
    assert "notes.txt" in ignored
    assert "basket/basket.py" in ignored
    assert "Prove the bug with a failing test: done" in errors
    (branch,) = git(checkout, "for-each-ref", "--format=%(refname:short)", "refs/heads/forgehand").splitlines()
    assert f"git diff HEAD...{branch}" in errors
    assert f"Branch: {branch}" in output
    assert f"+{FIX[1]}" in errors
    assert "| check | before | after |" in output
    assert git(checkout, "diff", "--name-only", f"HEAD...{branch}").splitlines() == ["basket/prices.py", PROOF]
    assert FIX[1].strip() in git(checkout, "show", f"{branch}:basket/prices.py")
    assert (git(checkout, "rev-parse", "HEAD"), git(checkout, "branch", "--show-current")) == (head, "main")
    assert (checkout / "basket" / "basket.py").read_text() == "raise SystemExit('half done')\n"
    assert git(checkout, "fsck", "--connectivity-only") == ""
    assert "of-the-test" not in output + errors


@pytest.mark.needs("sandbox")
async def test_a_branch_is_reviewed_before_anybody_else_sees_it(tmp_path: Path, checkout: Path) -> None:
    git(checkout, "checkout", "-q", "-b", "cents")
    (checkout / "basket" / "prices.py").write_text(BUGGY)
    git(checkout, "commit", "-q", "-a", "-m", "Read cents")
    async with ScriptedModel(Script.load([reports(finding()), QUIET, verdict()])) as model:
        code, output, errors = await attempt(
            tmp_path, "run", "review", "--repo", checkout, "--pr", "cents", **key(model)
        )
    assert code == 0, errors
    assert "I read the one changed file: 1 bug." in output
    place, _, said = output.rpartition("basket/prices.py:7\n")
    assert place
    assert said.startswith("**Bug: One digit of cents is taken for cents**")
    assert git(checkout, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines() == ["cents", "main"]


@pytest.mark.needs("sandbox")
async def test_a_question_about_a_checkout_needs_no_issue(tmp_path: Path, checkout: Path) -> None:
    answer = {"match": {"text": "Where are cents lost?"}, "reply": {"text": "In `basket/prices.py:4`."}}
    async with ScriptedModel(Script.load([answer])) as model:
        code, output, errors = await attempt(
            tmp_path, "run", "ask", "--repo", checkout, "--text", "Where are cents lost?", **key(model)
        )
    assert code == 0, errors
    assert output.startswith("In [`basket/prices.py:4`](")
    assert git(checkout, "for-each-ref", "--format=%(refname:short)", "refs/heads").splitlines() == ["main"]


async def test_what_cannot_be_tried_is_told_at_once(tmp_path: Path, checkout: Path) -> None:
    empty, issue, plain, bare = tmp_path / "empty.md", tmp_path / "issue.md", tmp_path / "plain", tmp_path / "new"
    empty.write_text(" \n\n")
    issue.write_text(f"{TITLE}\n")
    plain.mkdir()
    bare.mkdir()
    git(bare, "init", "-q")
    for repo, subject, said, code in (
        (checkout, ["--issue", empty], "is empty: put the issue's title in the first line", 1),
        (checkout, ["--issue", "-"], "standard input is empty", 1),
        (checkout, ["--issue", tmp_path / "none.md"], "there is no file", 2),
        (checkout, ["--pr", "none"], "has no branch none", 1),
        (checkout, ["--pr", "main"], "Write BASE..main", 1),
        (plain, ["--issue", issue], "is not a git checkout with a commit", 1),
        (bare, ["--issue", issue], "is not a git checkout with a commit", 1),
    ):
        ended, output, errors = await attempt(tmp_path, "run", "fix", "--repo", repo, *subject)
        assert (ended, output, said in errors) == (code, "", True), errors
        assert "Traceback" not in errors
