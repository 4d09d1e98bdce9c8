"""The witnesses see what is wrong: a check that lets everything pass would prove nothing."""

from __future__ import annotations

from pathlib import Path

from tests.support.examples import missing
from tests.support.hub import stage
from tests.support.openapi import Witness

REPO = "/repos/octo/sample"


async def test_wrong_requests_are_named(tmp_path: Path) -> None:
    witness = Witness()
    async with stage(tmp_path) as at:
        at.hub.observers.append(witness)
        await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
        await at.ask("GET", f"{REPO}/issues?state=all&per_page=5")
        assert witness.violations == set()
        await at.ask("GET", f"{REPO}/issues?state=any&colour=red")
        await at.ask("PATCH", f"{REPO}/issues/1", at.alice.token, {"title": "U", "titel": "typo"})
        await at.ask("POST", f"{REPO}/issues/1/comments", body={"body": 7})
        await at.ask("GET", f"{REPO}/nonsense")
    assert witness.openapi is None or sorted(witness.violations) == [
        "GET /repos/octo/sample/nonsense: GitHub has no such endpoint",
        "GET /repos/{owner}/{repo}/issues?colour: GitHub knows no such parameter",
        "GET /repos/{owner}/{repo}/issues?state: any is none of ['open', 'closed', 'all']",
        "PATCH /repos/{owner}/{repo}/issues/{issue_number}: GitHub knows no key titel",
        'POST /repos/{owner}/{repo}/issues/{issue_number}/comments request: body: 7 is not of type "string"',
    ]


def test_wrong_answers_and_webhooks_are_named() -> None:
    witness = Witness()
    if witness.openapi is not None:
        lacking = witness.openapi.response_errors("GET", f"{REPO}/issues/1", 200, {"id": 1})
        assert any('"number" is a required property' in line for line in lacking)
        assert witness.openapi.response_errors("GET", f"{REPO}/issues/1", 202, {})
        assert "issues.repository" in missing("issues", {"action": "opened", "issue": {}})
