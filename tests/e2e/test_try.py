"""``forgehand try`` as a user runs it: a process, a checkout, a model at the end of ANTHROPIC_BASE_URL."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simhub.scripted_model import Script, ScriptedModel
from tests.e2e.answers import BODY, FIX, GOOD, PROOF, TITLE
from tests.e2e.scenes import SAMPLE


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


async def attempt(folder: Path, *arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Exit code and everything that was said."""
    ours = ("FORGEHAND_", "ANTHROPIC_", "OPENAI_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.watched", "bot.cli", "try", *arguments, "--exit", "--plain",
        env=kept | {"FORGEHAND_DATA_DIR": str(folder / "own"), "COLUMNS": "200"} | environment,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    assert process.returncode is not None
    return process.returncode, output


@pytest.mark.needs("sandbox")
async def test_a_fix_comes_home_as_a_branch(tmp_path: Path, checkout: Path) -> None:
    issue = tmp_path / "issue.md"
    issue.write_text(f"{TITLE}\n\n{BODY}\n")
    (checkout / "notes.txt").write_text("mine\n")
    (checkout / "basket" / "basket.py").write_text("raise SystemExit('half done')\n")
    head = git(checkout, "rev-parse", "HEAD")
    async with ScriptedModel(Script.load(GOOD)) as model:
        code, output = await attempt(
            tmp_path, "--repo", checkout, "--issue", issue,
            ANTHROPIC_BASE_URL=model.anthropic_url, ANTHROPIC_API_KEY="sk-ant-api03-of-the-test",
        )  # fmt: skip
        assert model.script.unmatched == []
    assert code == 0, output
    (ignored,) = [line for line in output.splitlines() if line.startswith("Not committed, so ignored: ")]
    assert "notes.txt" in ignored
    assert "basket/basket.py" in ignored
    assert "done: Prove the bug with a failing test" in output
    assert f"Fix: {TITLE}" in output
    (branch,) = git(checkout, "for-each-ref", "--format=%(refname:short)", "refs/heads/forgehand").splitlines()
    assert f"git diff HEAD...{branch}" in output
    assert git(checkout, "diff", "--name-only", f"HEAD...{branch}").splitlines() == ["basket/prices.py", PROOF]
    assert FIX[1].strip() in git(checkout, "show", f"{branch}:basket/prices.py")
    assert (git(checkout, "rev-parse", "HEAD"), git(checkout, "branch", "--show-current")) == (head, "main")
    assert (checkout / "basket" / "basket.py").read_text() == "raise SystemExit('half done')\n"
    assert git(checkout, "fsck", "--connectivity-only") == ""
    assert "of-the-test" not in output


async def test_what_cannot_be_tried_is_told_at_once(tmp_path: Path, checkout: Path) -> None:
    empty, issue, plain, bare = tmp_path / "empty.md", tmp_path / "issue.md", tmp_path / "plain", tmp_path / "new"
    empty.write_text(" \n\n")
    issue.write_text(f"{TITLE}\n")
    plain.mkdir()
    bare.mkdir()
    git(bare, "init", "-q")
    for repo, file, said in (
        (checkout, empty, "is empty: put the issue's title in the first line"),
        (plain, issue, "is not a git checkout with a commit"),
        (bare, issue, "is not a git checkout with a commit"),
    ):
        code, output = await attempt(tmp_path, "--repo", repo, "--issue", file)
        assert (code, said in output) == (1, True), output
        assert "Traceback" not in output
