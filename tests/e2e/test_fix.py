"""The main story: a label becomes a verified pull request; and the ways in which it honestly does not."""

from __future__ import annotations

from itertools import pairwise

from simhub.prompt_cache import Prompt, PromptCache
from tests.e2e.answers import BODY, GOOD, PROOF, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import git, rows


async def test_a_label_becomes_a_verified_pull_request(tell: Tell) -> None:
    story = await tell(GOOD)
    story.model.cache = PromptCache()
    number = await story.file(TITLE, BODY)
    status = await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert pull["title"] == f"Fix: {TITLE}"
    assert not pull["draft"]
    assert pull["user"]["id"] == story.app.bot_id
    assert f"Fixes #{number}." in pull["body"]
    assert "fails: `400 != 500` | passes, 3 of 3" in pull["body"]
    assert "3 pass | 4 pass" in pull["body"]
    message = git(story, "log", "-1", "--format=%B", pull["head"]["ref"])
    assert message == f"Fix: {TITLE}\n\nCents are dropped.\n\nCents are added.\n\nFixes #{number}"
    for stage in ("First task", "You compare a test's failure", "You judge code changes"):
        asked = next(each for each in story.script.requests if stage in each.text)
        assert f"Issue #{number}, as it read when" in asked.text, stage
    files = await story.request("GET", f"/pulls/{pull['number']}/files")
    assert [file["filename"] for file in files] == ["basket/prices.py", PROOF]
    comments = await story.comments(number)
    assert len(comments["status"]) == len(comments["final"]) == 1
    assert f"Opened #{pull['number']}" in status
    assert "- [ ]" not in status
    writing = [Prompt.of(asked) for asked in story.script.requests if "edit" in asked.tools]
    assert all(after.pieces[: len(before.pieces)] == before.pieces for before, after in pairwise(writing))
    query = "select input_tokens, cached_tokens from fh_model_call where step glob '*-*-ask' order by created"
    first, *later = rows(story, query)
    assert first[1] == 0
    assert sum(cached for _, cached in later) >= 0.8 * sum(tokens for tokens, _ in later)
    reactions = await story.request("GET", f"/issues/{number}/reactions")
    assert [(reaction["content"], reaction["user"]["id"]) for reaction in reactions] == [("eyes", story.app.bot_id)]
