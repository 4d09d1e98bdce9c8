"""Installation and what becomes of pull requests: the App comes, grows, is suspended and goes."""

from __future__ import annotations

import asyncio

from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import SAMPLE, during, installation_of, purchases, rows
from tests.support.story import LABEL, Story


def has_label(story: Story, full_name: str) -> bool:
    return LABEL in {label.name for label in story.hub.repository(full_name).labels}


def states(story: Story) -> list[str]:
    return [str(state) for (state,) in rows(story, "select state from fh_installation")]


async def test_repositories_get_the_label_and_merged_fixes_are_remembered(tell: Tell) -> None:
    story: Story = await tell(GOOD)
    await story.until(lambda: has_label(story, "octo/sample"), what="the first repository has the label")
    for name in ("octo/second", "octo/third"):
        story.hub.create_repository(name, source=SAMPLE)
    story.hub.change_repositories(
        installation_of(story), add=[story.hub.repository(name) for name in ("octo/second", "octo/third")]
    )
    for name in ("octo/second", "octo/third"):
        await story.until(lambda name=name: has_label(story, name), what=f"{name} has the label")
    made = {label.name for label in story.hub.repository("octo/sample").labels if label.name.startswith("ai-")}
    assert made == {LABEL}, "the labels of other tasks are made by whoever wants them"
    assert states(story) == ["active"]
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    await story.request("PUT", f"/pulls/{pull['number']}/merge", {"merge_method": "squash"})
    await story.until(lambda: rows(story, "select kind from fh_outcome"), what="the outcome is remembered")
    ((task, kind, data),) = rows(story, "select task, kind, data from fh_outcome")
    assert kind == "merged"
    assert pull["head"]["ref"].endswith(task)
    assert f'"pull": {pull["number"]}' in data
    assert rows(story, "select state from fh_task where id = ?", task) == [("done",)]


async def test_suspended_midway_and_removed(tell: Tell) -> None:
    asked = asyncio.Event()

    def stopped() -> bool:
        return rows(story, "select state from fh_task") == [("cancelled",)]

    async def suspend() -> None:
        asked.set()
        story.hub.suspend(installation_of(story), sender="mara")
        await story.until(stopped, what="the task is cancelled")

    first, *rest = GOOD
    story: Story = await tell([during(first, suspend), *rest])
    await story.file(TITLE, BODY)
    await story.until(asked.is_set, what="the model is asked")
    await story.until(stopped, what="the task is cancelled")
    assert states(story) == ["suspended"]
    bought = len(purchases(story))
    assert await story.pulls() == []
    story.hub.unsuspend(installation_of(story))
    await story.until(lambda: states(story) == ["active"], what="it may work again")
    await story.until_status(1, "Cancelled.")
    story.hub.uninstall(installation_of(story), sender="mara")
    await story.until(lambda: states(story) == ["deleted"], what="the removal is noticed")
    await story.hub.settled()
    before = len(story.hub.requests)
    await story.file("Another one", BODY)
    await story.hub.settled()
    await asyncio.sleep(3)
    ours = [each for each in story.hub.requests[before:] if each.kind != "user"]
    assert ours == []
    assert len(purchases(story)) == bought
    assert story.process is not None
    assert story.process.returncode is None
