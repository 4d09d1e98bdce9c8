"""Every page in a real Chromium: narrow and wide, light and dark, with and without script, by keyboard alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from bot.store import audit, tasks
from tests.browser.chromium import Tab, browsing, open_tab, signed_in
from tests.doors.api.test_flaky import keep as keep_flaky
from tests.doors.room.places import fill, list_shown
from tests.e2e.conftest import SAMPLE
from tests.support.api import asker, opened
from tests.support.patience import PATIENCE
from tests.support.room import visitor
from tests.support.story import Story
from tests.support.within import within

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with within(tmp_path, SAMPLE, administrators=["mara"]) as story:
        yield story


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as browser:
        yield browser


async def give_tasks(story: Story) -> str:
    """Tasks in several states, with long words in them; the id of one."""
    program = asker(story, story.maintainer)
    ids = []
    for number in range(4):
        issue = await story.file("Cents are lost " + "x" * 120, "`total` is wrong", label=None)
        ids.append((await program.start(("fix", "plan")[number % 2], issue)).data["id"])
    results = {
        "failed": "The tests could not be run: " + "y" * 200,
        "done": "It is fixed.",
        "awaiting_approval": "",
        "awaiting_answer": "One question is open.",
    }
    with opened(story) as store:
        store.run_sync(keep_flaky, story.repository.id)
        store.run_sync(audit.record, "push " + "b" * 60, allowed=True, reason="c" * 80, actor="mara")
        for id, (state, said) in zip(ids, results.items(), strict=False):
            result = {"state": state, "summary": said, "data": {}}
            store.run_sync(
                lambda connection, id=id, result=result: tasks.close(connection, id, result["state"], result)
            )
    return ids[0]


async def examine(tab: Tab, address: str, name: str) -> None:
    answer = await tab.page.goto(address)
    assert answer is not None
    if answer.status != 200:
        tab.faults.append(f"{name}: {answer.status}")
    await tab.look(name)
    await tab.walk_by_keyboard(name)


async def test_pages_are_right_for_everybody(story: Story, browser: Browser) -> None:
    task = await give_tasks(story)
    mara = await visitor(story, story.maintainer)
    inside = await open_tab(await signed_in(browser, mara))
    outside = await open_tab(await browser.new_context())
    for page in list_shown():
        path = fill(page.path, story, task)
        await examine(outside if page.access == "anyone" else inside, mara.origin + path, path)
    assert not (faults := inside.faults + outside.faults), "\n".join(faults)


async def test_pages_work_without_script(story: Story, browser: Browser) -> None:
    task = await give_tasks(story)
    mara = await visitor(story, story.maintainer)
    with_script, without = [await signed_in(browser, mara, script=script) for script in (True, False)]
    tab, plain = await open_tab(with_script), await open_tab(without)
    for page in (each for each in list_shown() if each.access != "anyone"):
        path = fill(page.path, story, task)
        found = []
        for each in (tab, plain):
            await each.page.set_viewport_size({"width": 390, "height": 800})
            await each.page.goto(mara.origin + path)
            forms = each.page.locator("main form")
            found.append(sorted([await form.get_attribute("action") or "" for form in await forms.all()]))
        if found[0] != found[1]:
            plain.faults.append(f"{path}: acts with script {found[0]}, without {found[1]}")
    await plain.page.goto(f"{mara.origin}/room/tasks?state=failed")
    assert await plain.page.locator(f"main a[href$='{task}']").count() == 1, "filters are forms"
    assert not (faults := tab.faults + plain.faults), "\n".join(faults)


async def test_eight_tabs_stay_usable(story: Story, browser: Browser) -> None:
    program = asker(story, story.maintainer)
    running = (await program.start("fix", await story.file("Cents are lost", "B", label=None))).data["id"]
    mara = await visitor(story, story.maintainer)
    context = await signed_in(browser, mara)
    tabs = [await open_tab(context) for _ in range(8)]
    for tab in tabs:  # all of them are in sight: a headless browser hides none
        await tab.page.goto(f"{mara.origin}/room/tasks/{running}")
    with opened(story) as store:
        said = {"state": "failed", "summary": "The sandbox was not there.", "data": {}}
        store.run_sync(tasks.close, running, "failed", said)
    for tab in tabs:
        await tab.page.get_by_text("The sandbox was not there.").first.wait_for(timeout=PATIENCE * 1000)
    await tabs[-1].page.goto(f"{mara.origin}/room/tasks")
    assert await tabs[-1].page.locator("main h1").count() == 1
    assert [fault for tab in tabs for fault in tab.faults] == []
