"""Merging and taking merges back: what GitHub refuses, and when it knows."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.support.hub import Stage
from tests.support.patience import PATIENCE

REPO = "/repos/octo/sample"
_REVERT = """mutation($in: RevertPullRequestInput!) { revertPullRequest(input: $in) {
  pullRequest { number } revertPullRequest { number title body headRefName state } } }"""


async def _id(at: Stage, number: int) -> str:
    return str((await at.ask("GET", f"{REPO}/pulls/{number}")).body["node_id"])


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
async def test_a_merge_is_taken_back_once(at: Stage, method: str) -> None:
    before = await at.hub.git(at.repo).text("rev-parse", "main^{tree}")
    await at.pull("mine\n")
    given = {"in": {"pullRequestId": await _id(at, 1)}}
    early = await at.graphql(_REVERT, **given)
    assert (early["data"], early["errors"][0]["type"]) == ({"revertPullRequest": None}, "UNPROCESSABLE")
    merge = {"merge_method": method}
    assert (await at.ask("PUT", f"{REPO}/pulls/1/merge", at.alice.token, merge)).status == 200
    reading = await at.mint(permissions={"contents": "read", "pull_requests": "write"})
    denied = await at.graphql(_REVERT, reading, **given)
    assert denied["errors"][0]["message"] == "Resource not accessible by integration"
    made = (await at.graphql(_REVERT, **given))["data"]["revertPullRequest"]
    assert made == {
        "pullRequest": {"number": 1},
        "revertPullRequest": {
            "number": 2,
            "title": 'Revert "P"',
            "body": "Reverts octo/sample#1",
            "headRefName": "revert-1-topic",
            "state": "OPEN",
        },
    }
    assert (await at.ask("PUT", f"{REPO}/pulls/2/merge", at.alice.token, merge)).status == 200
    assert await at.hub.git(at.repo).text("rev-parse", "main^{tree}") == before
    again = await at.graphql(_REVERT, **given)
    assert again["errors"][0]["message"].startswith("Sorry, this pull request couldn't be reverted automatically.")


async def test_what_cannot_be_merged(at: Stage) -> None:
    await at.pull("draft\n", "draft", draft=True)
    still = await at.ask("PUT", f"{REPO}/pulls/1/merge", at.alice.token)
    assert (still.status, still.body["message"]) == (405, "Pull Request is still a draft")
    at.hub.protect(at.repo, "main", required_reviews=1)
    await at.pull("reviewed\n", "reviewed")
    bare = await at.ask("PUT", f"{REPO}/pulls/2/merge")
    words = "At least 1 approving review is required by reviewers with write access."
    assert (bare.status, bare.body["message"]) == (405, words)
    await at.ask("POST", f"{REPO}/pulls/2/reviews", at.alice.token, {"event": "APPROVE"})
    assert (await at.ask("PUT", f"{REPO}/pulls/2/merge")).status == 200
    stale = await at.ask("PUT", f"{REPO}/pulls/1/update-branch", body={"expected_head_sha": "0" * 40})
    assert (stale.status, stale.body["message"]) == (422, "expected_head_sha does not match current head sha")
    torn = await at.ask("PUT", f"{REPO}/pulls/1/update-branch")
    assert (torn.status, torn.body["message"]) == (422, "merge conflict between base and head")
    conflict = await at.ask("POST", f"{REPO}/merges", at.alice.token, {"base": "reviewed", "head": "draft"})
    assert (conflict.status, conflict.body["message"]) == (409, "Merge conflict")
    odd = await at.ask("PUT", f"{REPO}/pulls/1/merge", at.alice.token, {"merge_method": "octopus"})
    assert odd.body["message"].endswith('octopus is not a member of ["merge", "squash", "rebase"].')


async def test_mergeable_is_known_late(at: Stage) -> None:
    at.hub.mergeable_lag = 1.0
    await at.pull("mine\n")
    asked = time.monotonic()
    first = (await at.ask("GET", f"{REPO}/pulls/1")).body
    assert (first["mergeable"], first["mergeable_state"]) == (None, "unknown")
    async with asyncio.timeout(PATIENCE):
        while (later := (await at.ask("GET", f"{REPO}/pulls/1")).body)["mergeable"] is None:
            await asyncio.sleep(0.05)
    assert (later["mergeable"], later["mergeable_state"]) == (True, "clean")
    assert time.monotonic() - asked >= 1.0


async def test_rulesets_and_large_diffs(at: Stage) -> None:
    head = await at.pull("".join(f"{n}\n" for n in range(20_001)))
    large = await at.ask("GET", f"{REPO}/pulls/1", headers={"Accept": "application/vnd.github.diff"})
    assert (large.status, large.body["errors"][0]["code"]) == (406, "too_large")
    assert large.body["message"] == "Sorry, the diff exceeded the maximum number of lines (20000)"
    at.hub.add_ruleset(at.repo, "main")
    ruled = await at.ask("PATCH", f"{REPO}/git/refs/heads/main", body={"sha": head})
    assert (ruled.status, ruled.body["message"].splitlines()[0]) == (422, "Repository rule violations found")
    at.repo.archived = True
    frozen = await at.ask("POST", f"{REPO}/issues", body={"title": "T"})
    assert (frozen.status, frozen.body["message"]) == (403, "Repository was archived so is read-only.")
