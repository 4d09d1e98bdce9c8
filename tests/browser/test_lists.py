"""Lists that are open while tasks change: rows follow, and nobody loses the focus or the place."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from bot.store import tasks
from tests.browser.chromium import open_tab, signed_in
from tests.browser.test_pages import browser, give_tasks, story
from tests.support.api import opened
from tests.support.patience import PATIENCE
from tests.support.room import visitor
from tests.support.story import Story

__all__ = ["browser", "story"]
pytestmark = pytest.mark.needs("chromium")
_WHERE = "[document.activeElement.id, Math.round(document.activeElement.getBoundingClientRect().top), scrollY > 0]"


async def test_open_lists_follow_what_changes(story: Story, browser: Browser) -> None:
    failed = await give_tasks(story)
    with opened(story) as store:
        (waiting,) = [one.id for one in store.run_sync(tasks.list_unfinished) if one.state == "awaiting_approval"]
    mara = await visitor(story, story.maintainer)
    context = await signed_in(browser, mara)
    context.set_default_timeout(PATIENCE * 1000)
    lists, home, approvals = [await open_tab(context) for _ in range(3)]
    for tab, path in ((lists, "/tasks"), (home, ""), (approvals, "/approvals")):
        await tab.page.set_viewport_size({"width": 1280, "height": 300})
        await tab.page.goto(f"{mara.origin}/room{path}")
    await lists.page.focus(f"#to-{failed}")
    await lists.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    kept = await lists.page.query_selector(f"#row-{failed}")
    assert kept is not None
    before = await lists.page.evaluate(_WHERE)
    assert before[0] == f"to-{failed}"
    await home.page.locator(f"#row-{waiting}").wait_for()
    with opened(story) as store:
        store.run_sync(tasks.end_waiting, waiting, "cancelled", "@mara cancelled it.")
    await lists.page.locator(f"#row-{waiting} .badge.cancelled").wait_for()
    assert await lists.page.evaluate(_WHERE) == before
    assert await kept.evaluate("row => row.isConnected"), "a row that did not change stays"
    await home.page.locator(f"#row-{waiting}").wait_for(state="detached")
    await approvals.page.get_by_text("Something changed here since.").wait_for()
    assert await approvals.page.locator(f"#task-{waiting}").count() == 1, "nothing moves where somebody decides"
    await approvals.look("approvals with news")
    await approvals.page.get_by_role("link", name="Show it").click()
    await approvals.page.locator(f"#task-{waiting}").wait_for(state="detached")
    assert [fault for tab in (lists, home, approvals) for fault in tab.faults] == []


async def test_what_somebody_types_stays_when_another_answers_first(story: Story, browser: Browser) -> None:
    await give_tasks(story)
    with opened(story) as store:
        (asking,) = [one.id for one in store.run_sync(tasks.list_unfinished) if one.state == "awaiting_answer"]
    mara = await visitor(story, story.maintainer)
    bob = story.hub.create_user("bob")
    story.hub.set_permission(story.repository, bob.login, "write")
    context = await signed_in(browser, mara)
    context.set_default_timeout(PATIENCE * 1000)
    tab = await open_tab(context)
    path = f"/room/tasks/{asking}"
    await tab.page.goto(mara.origin + path)
    await tab.page.fill(f"#answer-{asking}", "1. Half up.\n2. Al")
    given = await (await visitor(story, bob)).post(f"{path}/answer", {"key": "bobs", "text": "1. Half down."})
    assert given.status == 303
    await tab.page.locator(f"#answer-{asking}").wait_for(state="detached")
    assert await tab.page.locator(".unsent textarea").input_value() == "1. Half up.\n2. Al"
    await tab.look("a task that another answered")
    assert tab.faults == []
