"""Red becomes a proved fix, or it is said why not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.github.resources.manifest import load_manifest
from bot.quarantine.entries import PATH, write_entries
from bot.store.incident_tables import incident
from bot.toolchains.python.interpreters import find_uv
from handlers.heal.words import UNJUDGED, UNJUDGED_LOCK
from simhub import Job
from tests.e2e.answers import calls, change, edit, finish
from tests.e2e.conftest import Tell
from tests.e2e.healing import (
    BROKEN,
    CODE,
    GOOD,
    JUDGE,
    LOCK,
    MANIFEST,
    MEND,
    MENU,
    SERVICE,
    SNAPSHOT,
    TEST,
    TESTING,
    enable,
    ended,
    healed,
    heals,
    lay,
    pushed,
)
from tests.e2e.revisions import finals
from tests.e2e.scenes import POLICY, during, git, rows
from tests.e2e.test_gates import refusals
from tests.quarantine.test_quarantine import entry
from tests.support.api import opened as writing
from tests.support.pulls import propose, pull, push
from tests.support.story import Story
from tests.support.typing import comment

pytestmark = pytest.mark.needs("sandbox")


async def test_red_main_is_healed_and_the_merge_turns_ci_green(tell: Tell, tmp_path: Path) -> None:
    policy = "review: { on: [] }\nincidents: { heal: act }\n"
    story = await tell([*MEND, JUDGE], source=lay(tmp_path, {POLICY: policy}))
    story.app.app.events = load_manifest().event_names(["ci"])
    enable(story)
    green = await pushed(story, {"notes.txt": "one\n"}, "success")
    red = await pushed(story, {CODE: BROKEN}, "failure")
    end = "select source, state, result from fh_task where flow = 'heal' and ended is not null"
    await story.until(lambda: rows(story, end), what="the incident is healed")
    ((source, state, result),) = rows(story, end)
    assert (source, state) == ("ci", "done"), result
    (opened,) = await story.pulls()
    body = opened["body"]
    assert (opened["title"], opened["base"]["ref"], opened["draft"]) == ("Make test_cents pass again", "main", False)
    assert f"failed on {red[:10]}, 3 of 3 runs, and not on {green[:10]}, where CI was green." in body
    assert "| CI's command (test, step Test) | fails, exit code 1 | exit code 0 |" in body
    assert "| `tests/test_prices.py::PricesTest::test_cents` | fails, 3 of 3 | passes, 3 of 3 |" in body
    assert "| tests collected | 2 | 2 |" in body
    assert f"Red: `test, step Test`, on {red}." in body
    (first, *_, last) = [asked.text for asked in story.script.requests]
    assert first.count("325 : the cents are lost") == 1, "the model sees what CI said, once"
    assert "failed, 3 of 3 times:\n- tests/test_prices.py::PricesTest::test_cents" in last
    await story.request("PUT", f"/pulls/{opened['number']}/merge", {})
    merged = git(story, "rev-parse", "main")
    assert (await ended(story, merged)).conclusion == "success"
    with writing(story) as store:
        await store.run(lambda connection: connection.execute(incident.update().values(due=1)))
    lesson = "select healed_by, citation, worked from fh_lesson"
    await story.until(lambda: rows(story, lesson), what="the incident is closed by green CI")
    assert rows(story, lesson) == [("heal", f"#{opened['number']}", 1)]


async def merged(story: Story) -> str:
    """Merge the newest pull request; how CI ends on the default branch then."""
    newest = max((await story.pulls()), key=lambda each: each["number"])
    await story.request("PUT", f"/pulls/{newest['number']}/merge", {})
    return str((await ended(story, git(story, "rev-parse", "main"))).conclusion)


async def see_lock_renewed(story: Story, result: dict[str, Any]) -> None:
    """See a lock file proposed by uv, or only named where there is none."""
    if find_uv() is None:
        named = "is not on this machine. `(cd service && uv lock --no-build)` renews it. I changed nothing."
        assert named in result["summary"], result
        return
    assert result["state"] == "done", result
    locked = max((await story.pulls()), key=lambda each: each["number"])
    assert f"`service 1` -> `2`. {UNJUDGED_LOCK}" in locked["body"]
    assert "Protected paths: `service/uv.lock`, which its own tool renewed." in locked["body"]
    step = "CI's command (locked, step Run python3 ../tools/look.py)"
    assert f"| {step} | fails, exit code 1 | exit code 0 |" in locked["body"]
    assert "| lock file ((cd service && uv lock --check --no-build)) | out of date | up to date |" in locked["body"]
    assert await merged(story) == "success"
    assert 'version = "2"' in git(story, "show", f"main:{LOCK}")


async def test_what_a_tool_mends_needs_no_model(tell: Tell, tmp_path: Path) -> None:
    policy = "review: { on: [] }\nheal: { renew: [snapshots, locks] }\n"
    story = await tell([], source=lay(tmp_path, {POLICY: policy, **MENU, **SERVICE}))
    enable(story)
    await pushed(story, {CODE: GOOD.replace("def cents(text):", "def cents(text):   ")}, "failure")
    result = await healed(story)
    assert result["state"] == "done", result
    (opened,) = await story.pulls()
    assert opened["title"] == "Run python3 -m black shop"
    assert (
        "| CI's command (style, step Run python3 -m black --check shop) | fails, exit code 1 | exit code 0 |"
        in opened["body"]
    )
    assert "Mended by `python3 -m black shop`, without a model." in opened["body"]
    assert await merged(story) == "success"
    assert git(story, "show", f"main:{CODE}") == GOOD.strip()
    await pushed(story, {"shop/orders.py": '"""Orders."""\n'}, "failure")
    result = await healed(story)
    assert result["state"] == "done", result
    assert await merged(story) == "success"
    assert git(story, "show", "main:shop/index.txt") == "__init__\norders\nprices"
    await pushed(story, {"menu.txt": "Coffee\n"}, "failure")
    result = await healed(story)
    assert result["state"] == "done", result
    renewed = max((await story.pulls()), key=lambda each: each["number"])
    assert renewed["title"] == "Run python3 -m pytest --snapshot-update tests/test_menu.py"
    assert UNJUDGED in renewed["body"]
    assert await merged(story) == "success"
    assert git(story, "show", f"main:{SNAPSHOT}") == "Coffee"
    await pushed(story, {"service/pyproject.toml": MANIFEST.replace('"1"', '"2"')}, "failure")
    result = await healed(story)
    await see_lock_renewed(story, result)
    number = await propose(story, {"service/pyproject.toml": MANIFEST.replace('"1"', '"3"')})
    await ended(story, (await pull(story, number))["head"]["sha"], "pull_request")
    named = "`(cd service && uv lock --no-build)` renews it"
    why = "; I do not push that to a pull request. I changed nothing." if find_uv() else ". I changed nothing."
    assert f"{named}{why}" in (await healed(story, number=number))["summary"]
    assert story.script.requests == [], "no model was asked"
    assert rows(story, "select count(*) from fh_model_call") == [(0,)]


async def test_no_cheat_is_published(tell: Tell, tmp_path: Path) -> None:
    """Tests, workflow and settings cannot be edited; a skip from within the code does not pass the gates."""
    line = '    whole, _, rest = text.partition(".")\n'
    skip = change(CODE, '"""Prices."""\n', '"""Prices."""\n\nimport unittest\n') + change(
        CODE, line, f'    if "." in text:\n        raise unittest.SkipTest("not today")\n{line}'
    )
    lower = '        self.assertEqual(cents("3.25"), {}, "the cents are lost")\n'
    command = "        run: {}\n"
    settings = "setup.cfg\n<<<<<<< SEARCH\n=======\n[coverage:report]\nfail_under = 1\n>>>>>>> REPLACE\n"
    tries = [
        change(TEST, "    def test_cents(self):\n", "    @unittest.skip\n    def test_cents(self):\n"),
        change(TEST, lower.format(325), lower.format(300)),
        change(".github/workflows/ci.yml", command.format(TESTING), command.format("true")),
        settings,
        skip,
    ]
    done = calls(finish("The cents are not read.", "Nothing fails."))
    turns = [turn for one in tries for turn in (calls(edit(one)),)]
    story = await tell([*heals(*turns, done, done, done), JUDGE], source=lay(tmp_path))
    enable(story)
    await pushed(story, {CODE: BROKEN}, "failure")
    result = await healed(story)
    assert result["state"] == "unverified", result
    assert await story.pulls() == []
    refused = [action for action, _ in refusals(story)]
    assert refused[:4] == [f"edit {TEST}", f"edit {TEST}", "edit .github/workflows/ci.yml", "edit setup.cfg"]
    assert "passes in 0 of 3 — **not passed**" in result["data"]["report"]
    assert "test_cents: skipped" in result["data"]["report"]


async def test_what_is_not_our_fault_is_said_and_nothing_is_changed(tell: Tell, tmp_path: Path) -> None:
    story = await tell([], source=lay(tmp_path))
    enable(story)
    assert "No check fails on" in (await healed(story))["summary"]
    red = await pushed(story, {CODE: BROKEN}, "failure")
    number = await propose(story, {"notes.txt": "two\n"})
    await ended(story, (await pull(story, number))["head"]["sha"], "pull_request")
    await comment(story, number, "/heal")
    (final,) = await finals(story, number, 1)
    assert final.startswith("Base: `tests/test_prices.py::PricesTest::test_cents` failed just the same on " + red[:10])
    await pushed(story, {CODE: GOOD}, "success")
    head = await push(story, "main", {"notes.txt": "three\n"})
    await ended(story, head)
    failed = await story.hub.start_workflow(story.repository, head, "main")
    await story.hub.finish_workflow(failed, [Job("test", "failure", "FAILED\n", (("Test", "failure"),))])
    assert (await healed(story))["summary"].startswith("Flaky: CI both failed and passed on this very commit, and here")
    listed = write_entries([entry(f"{TEST}::PricesTest::test_cents", since=datetime.now(UTC).date())])
    await pushed(story, {CODE: BROKEN, PATH: listed}, "failure")
    said = (await healed(story))["summary"]
    assert "Flaky: nothing else fails here." in said
    assert "it is in quarantine as flaky until" in said
    broken = await push(story, "main", {CODE: GOOD, ".github/workflows/ci.yml": "jobs: [\n"})
    assert (await ended(story, broken)).conclusion == "startup_failure"
    assert "Configuration: GitHub could not start" in (await healed(story))["summary"]
    assert story.script.requests == []


async def test_a_pull_request_gets_a_commit_and_never_over_a_person_s(tell: Tell, tmp_path: Path) -> None:
    story = await tell([*MEND, JUDGE], source=lay(tmp_path))
    enable(story)
    number = await propose(story, {CODE: BROKEN})
    red = (await pull(story, number))["head"]["sha"]
    await ended(story, red, "pull_request")
    await comment(story, number, "/heal")
    (final,) = await finals(story, number, 1)
    assert final.startswith("I pushed ")
    head = (await pull(story, number))["head"]["sha"]
    assert git(story, "rev-parse", f"{head}^") == red
    assert (await ended(story, head, "pull_request")).conclusion == "success"

    async def pushes() -> None:
        await push(story, "topic", {"notes.txt": "mine\n"}, onto="topic")

    again = await push(story, "topic", {CODE: BROKEN}, onto="topic")
    await ended(story, again, "pull_request")
    first, second = MEND
    story.script.extend([during(first, pushes), second])
    await comment(story, number, "/heal")
    last = (await finals(story, number, 2))[-1]
    assert "Somebody pushed to the branch while I worked." in last
    assert git(story, "show", "topic:notes.txt") == "mine"
    assert git(story, "show", f"topic:{CODE}") == BROKEN.strip()
