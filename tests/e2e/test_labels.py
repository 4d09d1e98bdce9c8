"""The label in all its forms: where it is made, what starts, what stops; whatever became of policy, name or sender."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from simhub.faults import Fault
from simhub.model_formats import ModelRequest
from tests.e2e.answers import BODY, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, SAMPLE, handled, place, put, rows, sent
from tests.support.story import LABEL, Story


def labels_of(story: Story) -> set[str]:
    return {label.name for label in story.repository.labels}


async def never(_: ModelRequest) -> dict[str, Any]:
    await asyncio.Event().wait()
    return {"fault": "down"}


async def working(story: Story, number: int) -> None:
    await story.until(lambda: any(TITLE in asked.text for asked in story.script.requests), what="a model is asked")
    story.script.requests.clear()
    await story.until_status(number, "Working on this.")


async def test_one_bad_repository_leaves_the_others_their_label(tell: Tell) -> None:
    story: Story = await tell([])
    await story.until(lambda: LABEL in labels_of(story), what="the first repository has the label")
    story.hub.faults.add(Fault(path="/repos/octo/archived/labels", method="POST", status=403, body={"message": "no"}))
    named = [story.hub.create_repository(f"octo/{name}", source=SAMPLE) for name in ("wrong", "archived", "last")]
    wrong, archived, last = (place_of(story, repository) for repository in named)
    story.hub.set_permission(wrong.repository, "mara", "admin")
    await put(wrong, POLICY, "fix: { labl: x }\n")
    (installation,) = story.hub.world.installations.values()
    story.hub.change_repositories(installation, add=named)
    await story.until(lambda: LABEL in labels_of(last), what="the last repository has the label")
    await story.until(lambda: LABEL in labels_of(wrong), what="one with a wrong policy has the default label")
    assert LABEL not in labels_of(archived)
    await handled(story)
    assert rows(story, "select error from fh_delivery where error is not null") == []


async def test_nobodys_role_is_asked_for_a_label_of_somebody_else(tell: Tell) -> None:
    story: Story = await tell([])
    number = await story.file(TITLE, BODY, label="bug")
    await story.hub.settled()
    guid, handled = sent(story, "issues", "labeled")[-1].guid, "select 1 from fh_delivery where guid = ? and done > 0"
    await story.until(lambda: rows(story, handled, guid), what="the label is handled")
    assert not [each.path for each in story.hub.requests if "/collaborators/" in each.path]
    assert await story.comments(number) == {}


def place_of(story: Story, repository: Any) -> Story:
    return replace(story, repository=repository)


async def test_what_a_label_started_stops_whatever_changed_meanwhile(tell: Tell) -> None:
    story: Story = await tell([])
    story.script.on(never, text=TITLE)
    rita = story.hub.create_user("rita")

    number = await story.file(TITLE, BODY)
    await working(story, number)
    await put(story, POLICY, "fix: [\n")
    await story.request("DELETE", f"/issues/{number}/labels/{LABEL}")
    await story.until_status(number, "Cancelled.")

    named = place(story, "named")
    await put(named, POLICY, "fix: { label: Mend me }\n")
    other = int((await named.request("POST", "/issues", {"title": TITLE, "body": BODY}, by=rita))["number"])
    await named.label(other, "mend ME")
    await working(named, other)
    await named.request("PATCH", f"/issues/{other}", {"state": "closed"}, by=rita)
    status = await named.until_status(other, "Cancelled.")
    assert status.startswith("Cancelled. rita closed the issue.\n")
    query = "select action, allowed, reason from fh_audit where actor = 'rita'"
    assert rows(story, query) == [("cancel fix", 1, "@rita closed the issue.")]

    moved = await named.file(TITLE, BODY, label="mend me")
    await working(named, moved)
    named.hub.rename(named.repository, "renamed", sender="mara")
    await named.request("DELETE", f"/issues/{moved}/labels/mend%20me")
    await named.label(moved, "mend me")
    await named.until(lambda: len(tasks_of(story, moved)) == 2, what="a new attempt, though the old one is ending")
    await named.until(lambda: "cancelled" in tasks_of(story, moved), what="the old one has ended")
    assert tasks_of(story, moved)[-1] != "cancelled"


def tasks_of(story: Story, number: int) -> list[str]:
    query = "select state from fh_task where number = ? and repository != 'octo/sample' order by created"
    return [str(state) for (state,) in rows(story, query, number)]


async def test_without_a_model_nothing_is_installed_first(tell: Tell) -> None:
    """As on a server whose set-up was left before its last steps: the answer is due at once."""
    bare = dict.fromkeys(("ANTHROPIC_API_KEY", "OPENAI_API_KEY"), "")
    story: Story = await tell([], FORGEHAND_ROLES="{}", FORGEHAND_MODELS="{}", **bare)
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Failed. No model is set up for fix: set ANTHROPIC_API_KEY")
    assert "- [ ] Find the code\n- [ ] Install and run the tests as they are\n" in await story.status(number)
