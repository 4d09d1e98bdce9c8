"""Writes that are refused.

Outside the tree through links of an installation, and to files that other programs obey.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from bot.git.changes import Changes
from bot.git.errors import PathRefused
from bot.git.mirrors import Mirror
from bot.models.port import BadAnswer
from bot.models.structured import parse, parse_tool_call
from bot.policy import PolicyError, parse_policy
from bot.sandbox.port import Limits
from bot.sandbox.process import Process
from bot.settings import Checks, Settings
from bot.toolchains.repository import make_toolchain
from bot.work.protected_paths import is_protected
from bot.work.workshop import BaseInstallation, Workshop
from handlers import TASKS


async def test_a_link_that_an_installation_left_leads_nowhere(tmp_path: Path) -> None:
    """The install runs code of the repository, and may put a link to anywhere where a new file's folder would be."""
    git_dir, outside = tmp_path / "repo.git", tmp_path / "outside"
    outside.mkdir()
    sha = await asyncio.to_thread(_commit, tmp_path / "source", git_dir)
    mirror = Mirror(git_dir, "http://127.0.0.1", "http://127.0.0.1/octo/sample.git")

    async def opened() -> Mirror:
        return mirror

    folder = tmp_path / "task"
    await mirror.checkout(sha, folder / "pristine", Changes())
    (folder / "pristine" / "made").symlink_to(outside)
    (folder / "installed.json").write_text(BaseInstallation(base_sha=sha, commands=()).model_dump_json())
    sandbox = Process(trust_code=True)
    shop = Workshop(folder, opened, sha, sandbox, lambda tree: make_toolchain(sandbox, Checks(), tree, Settings()))
    with pytest.raises(PathRefused):
        await shop.run("true", Changes(files={"made/deep/down/new.py": "x = 1\n"}), Limits(seconds=5))
    assert list(outside.iterdir()) == []


def _commit(source: Path, git_dir: Path) -> str:
    source.mkdir()
    (source / "a.py").write_text("a = 1\n")
    who = ["-c", "user.name=Mara", "-c", "user.email=mara@example.com"]
    for argv in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "a"]):
        subprocess.run(["git", *argv], cwd=source, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(source), str(git_dir)], check=True)
    done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=git_dir, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize(
    "path",
    [
        *("CODEOWNERS", "docs/codeowners", ".lfsconfig", "a/.GITATTRIBUTES", ".drone.yml", "bitbucket-pipelines.yml"),
        *(".cargo/config.toml", ".mvn/extensions.xml", ".yarn/plugins/a.cjs", ".codex/config.toml", ".Clinerules"),
        *(".Windsurf/rules/a.md", ".aider.conf.yml", "web/.yarnrc.yml", "uv.toml", ".woodpecker/test.yml"),
    ],
)
def test_what_other_programs_obey_is_protected(path: str) -> None:
    assert is_protected(path)


@pytest.mark.parametrize(
    "value", [f"0x{'f' * 5_000}", "!!int ''", "!!float ''", f"{'9:' * 400}9.5", f"0b{'1' * 20_000}", f"1{'0' * 400}"]
)
def test_no_number_of_a_policy_is_too_much(tmp_path: Path, value: str) -> None:
    with pytest.raises(PolicyError):
        parse_policy(f"limits:\n  dollars_per_day: {value}\n", Settings(data_dir=tmp_path), TASKS.schema)


def test_no_depth_of_an_answer_is_too_much() -> None:
    deep = '{"a":' * 100_000
    assert "not valid JSON" in str(parse_tool_call("1", "read", deep).error)
    with pytest.raises(BadAnswer):
        parse(deep, {})


@pytest.mark.parametrize("text", ['{"a": 1}', '```json\n{"a": 1}\n```', '\n```\n {"a": 1}\n\n``` \n'])
def test_one_fence_around_an_answer_is_taken_off(text: str) -> None:
    assert parse(text, {"type": "object"}) == {"a": 1}
