"""The witnesses see what is wrong: a check that lets everything pass would prove nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tests.support.examples import missing
from tests.support.hub import stage
from tests.support.openapi import description, watching

REPO = "/repos/octo/sample"
ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.needs("openapi", "example payloads")
WRONG = """
import aiohttp
from simhub import Hub

async def test_it(tmp_path):
    async with Hub.start(tmp_path) as hub, aiohttp.ClientSession() as session:
        (await session.get(hub.api_url + "/zeal")).release()
"""


async def test_wrong_requests_are_named(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as caught:
        await _right_then_wrong(tmp_path)
    assert str(caught.value).splitlines() == [
        "GET /repos/octo/sample/nonsense: GitHub has no such endpoint",
        "GET /repos/{owner}/{repo}/issues?colour: GitHub knows no such parameter",
        "GET /repos/{owner}/{repo}/issues?state: any is none of ['open', 'closed', 'all']",
        "PATCH /repos/{owner}/{repo}/issues/{issue_number}: GitHub knows no key titel",
        'POST /repos/{owner}/{repo}/issues/{issue_number}/comments request: body: 7 is not of type "string"',
    ]


async def _right_then_wrong(folder: Path) -> None:
    with watching() as witness:
        async with stage(folder) as at:
            await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
            await at.ask("GET", f"{REPO}/issues?state=all&per_page=5")
            assert len(witness.heard) > 2
            assert witness.judge() == set()
            await at.ask("GET", f"{REPO}/issues?state=any&colour=red")
            await at.ask("PATCH", f"{REPO}/issues/1", at.alice.token, {"title": "U", "titel": "typo"})
            await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": 7})
            await at.ask("GET", f"{REPO}/nonsense")


async def test_no_test_can_start_a_hub_around_the_witness(tmp_path: Path) -> None:
    """A test that knows nothing of witnesses, beside the shared conftest; and a program of its own."""
    (tmp_path / "test_wrong.py").write_text(WRONG)
    (tmp_path / "wrong.py").write_text(WRONG + "\nimport asyncio, pathlib\nasyncio.run(test_it(pathlib.Path('hub')))\n")
    env = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    for command in (["pytest", "-q", "-p", "tests.conftest", "-p", "pytest_asyncio", "--asyncio-mode=auto", "."],
                    ["tests.support.watched", "wrong"]):  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *command, cwd=tmp_path, env=env,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said = (await process.communicate())[0].decode()
        assert "AssertionError: GET /zeal: GitHub has no such endpoint" in said
        assert process.returncode == 1, said


def test_wrong_answers_and_webhooks_are_named() -> None:
    openapi = description()
    assert openapi is not None
    lacking = openapi.response_errors("GET", f"{REPO}/issues/1", 200, {"id": 1})
    assert any('"number" is a required property' in line for line in lacking)
    assert openapi.response_errors("GET", f"{REPO}/issues/1", 202, {})
    assert "issues.repository" in missing("issues", {"action": "opened", "issue": {}})
