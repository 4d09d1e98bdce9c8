"""Issues and repositories move while work runs: it follows, or stops, and nothing is done anywhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from simhub.model import Repository
from tests.e2e.answers import BODY, FIXED, GOOD, JUDGED, PROVED
from tests.e2e.reading import BUGGY, PRICES, QUIET, finding, reports, verdict
from tests.e2e.scenes import SAMPLE, about, branches, during, handled, installation_of, place, rows
from tests.support.pulls import propose, remarks, reviewed
from tests.support.story import Story

pytestmark = pytest.mark.asyncio(loop_scope="module")


def state(story: Story, title: str) -> str:
    found = rows(story, "select state from fh_task where argument like ?", f"%{title}%")
    return str(found[0][0]) if found else ""


async def stopped_by(story: Story, title: str, event: Callable[[], Awaitable[object]]) -> None:
    """The event happens while the change is judged; the task is cancelled and nothing is published."""
    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, event)]))
    await story.file(title, BODY)
    await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")
    assert branches(story) == ["main"]
    assert story.repository.pulls == []


async def test_a_transferred_issue_stops_its_own_work_and_moves_nothing_else(town: Story) -> None:
    story, title, second = place(town, "left"), "Left behind cents", "Cents that stay"
    target = place(town, "right").repository

    async def transfer() -> None:
        (issue,) = [each for each in story.repository.issues.values() if each.title == title]
        town.hub.transfer_issue(issue, target, "mara")
        await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")

    await stopped_by(story, title, transfer)
    # Later work in the same repository, without a restart: permission, policy and comments are asked of it, not of
    # the one the issue went to.
    story.script.extend(about(second, GOOD))
    number = await story.file(second, BODY)
    before = len(town.hub.requests)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert f"Fixes #{number}." in pull["body"]
    assert target.pulls == []
    ours = [each for each in town.hub.requests[before:] if each.kind == "installation"]
    assert not [each.path for each in ours if "/right" in each.path or f"/repositories/{target.id}" in each.path]
    assert [each.body for each in target.issues[1].comments if "Done." in each.body] == []


async def test_a_deleted_issue_stops_its_work(town: Story) -> None:
    story, title = place(town, "deleted"), "Deleted cents"

    async def delete() -> None:
        town.hub.delete_issue(story.repository.issues[1], "mara")
        await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")

    await stopped_by(story, title, delete)


async def test_a_renamed_repository_gets_its_pull_request_under_the_new_name(town: Story) -> None:
    """Another repository takes the old name at once: nothing of the work goes there."""
    story, title = place(town, "before"), "Cents under another name"

    async def rename() -> None:
        town.hub.rename(story.repository, "after", "mara")
        town.hub.create_repository("octo/before", source=SAMPLE)

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, rename)]))
    number = await story.file(title, BODY)
    await story.until(lambda: state(story, title) == "done", what="the task is done")
    (pull,) = await story.pulls()
    assert story.repository.full_name == "octo/after"
    assert f"Fixes #{number}." in pull["body"]
    impostor = town.hub.repository("octo/before")
    assert list(await town.hub.git(impostor).refs("refs/heads/")) == ["refs/heads/main"]
    assert impostor.issues == {}


async def test_what_reviews_have_said_follows_a_repository_and_nobody_inherits_it(town: Story) -> None:
    """It is renamed during the review; a copy takes its name, with the same change in the same pull request."""
    story, title = place(town, "said"), "Cents under review"
    said = reports(finding(), text="Concern: correctness")

    async def rename() -> None:
        town.hub.rename(story.repository, "told", "mara")
        await handled(story)

    story.script.extend(about(title, [during(said, rename), said, QUIET]))
    story.script.extend(about("One digit", [verdict(), verdict()]))
    number = await propose(story, {PRICES: BUGGY}, title=title)
    await reviewed(story, number)
    heir = place(town, "said")
    assert await propose(heir, {PRICES: BUGGY}, title=title) == number
    run = await reviewed(heir, number)
    assert run["output"]["title"] == "1 bug"
    assert len(await remarks(heir, number)) == 1

    def told(repository: Repository) -> list[tuple[str]]:
        return rows(story, "select state from fh_finding where repository = ?", str(repository.id))

    assert (told(story.repository), told(heir.repository)) == ([("open",)], [("open",)])
    town.hub.delete_repository(story.repository, "mara")
    await handled(story)
    assert (told(story.repository), told(heir.repository)) == ([], [("open",)])


async def test_an_archived_repository_stops_its_work(town: Story) -> None:
    story, title = place(town, "frozen"), "Frozen cents"

    async def archive() -> None:
        town.hub.archive(story.repository, "mara")
        await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")

    await stopped_by(story, title, archive)
    query = "select json_extract(result, '$.summary') from fh_task where repository = ?"
    assert rows(story, query, story.repository.full_name) == [("mara archived the repository.",)]


async def test_a_deleted_repository_stops_its_work(town: Story) -> None:
    story, title = place(town, "gone"), "Cents that are gone"

    async def delete() -> None:
        town.hub.delete_repository(story.repository, "mara")
        await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, delete)]))
    await story.file(title, BODY)
    await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")


async def test_a_repository_that_goes_to_another_owner_stops_the_work_for_the_old_one(town: Story) -> None:
    """The App is installed there too, and nothing but the event of the transfer tells."""
    story, title = place(town, "given"), "Cents given away"
    ours = installation_of(town)
    town.hub.create_user("nova")
    theirs = town.hub.install(town.app, owner="nova")

    async def transfer() -> None:
        ours.repositories.remove(story.repository)
        town.hub.transfer(story.repository, "nova", "mara")
        await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")

    await stopped_by(story, title, transfer)
    del town.hub.world.installations[theirs.id]


async def test_work_stops_where_the_app_is_taken_away(town: Story) -> None:
    story, title = place(town, "taken"), "Cents taken away"

    async def take() -> None:
        town.hub.change_repositories(installation_of(town), remove=[story.repository], sender="mara")
        await story.until(lambda: state(story, title) == "cancelled", what="the task is cancelled")

    await stopped_by(story, title, take)
