"""What an organisation's file closes: outside the pilot and paused, no model is asked and nothing is written."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from pydantic import SecretStr

from bot.doors.promoting import open_promotion
from bot.settings import Settings
from handlers import TASKS
from simhub.requestlog import RequestRecord
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import SAMPLE, Tell
from tests.e2e.scenes import POLICY, branches, during, git, handled, installation_of, place, put, rows
from tests.support.api import asker
from tests.support.pulls import propose
from tests.support.story import Story
from tests.support.typing import answered, comment
from tests.support.within import within

FILE = "forgehand.yml"
EAGER = (
    "companions: {show: true}\nincidents: {enabled: true}\nflaky: {weekly: true}\nreview: {on: [opened, synchronize]}\n"
)


def governed(story: Story, empty: Path) -> Story:
    """The owner's repository with its file; the App hears of pushes there."""
    empty.mkdir()
    (empty / "README.md").write_text("Ours.\n")
    story.app.app.events.append("push")
    installation_of(story).events.append("push")
    return place(story, ".github", empty)


def written(story: Story) -> list[RequestRecord]:
    """What the App has written in a repository, by GitHub's own record."""
    where = f"/repos/{story.repository.full_name}/"
    ours = [one for one in story.hub.requests if one.kind == "installation" and one.path.startswith(where)]
    return [one for one in ours if one.method not in {"GET", "HEAD"}]


async def bother(story: Story) -> tuple[int, int]:
    """Everything that starts work elsewhere; the numbers of an issue and a pull request."""
    await put(story, POLICY, EAGER)
    issue = await story.file(TITLE, BODY)
    pull = await propose(story, {"basket/new.py": "NEW = 1\n"})
    await comment(story, issue, "/fix\n/ask why?")
    await comment(story, pull, "/review")
    await story.request("PUT", f"/pulls/{pull}/merge", {})
    await handled(story)
    return issue, pull


async def test_outside_the_pilot_and_paused_nothing_is_asked_or_written(tmp_path: Path) -> None:
    async with within(tmp_path, SAMPLE, roles={"fix": ["thinker"], "review": ["thinker"]}) as story:
        owner = governed(story, tmp_path / "empty")
        await put(owner, FILE, "stages: {pilot: [sample], paused: [asleep]}\n")
        await handled(story)
        said = {"outside": "does not have this repository in its pilot", "asleep": "has paused this repository"}
        for name, reason in said.items():
            there = place(story, name)
            issue, pull = await bother(there)
            answers = [text for number in (issue, pull) for text in there.shown(number, "answer")]
            assert [reason in text for text in answers] == [True] * 3, answers
            assert "no model is asked" in answers[0]
            assert len(written(there)) == 3, "an answer to the label and to each comment, and nothing else"
            assert rows(story, "select count(*) from fh_task") == [(0,)]
            await comment(there, issue, "/config")
            await handled(story)
            assert "organisation.stage" in there.shown(issue, "answer")[-1]

        await story.label(await story.file(TITLE, BODY))
        await handled(story)
        assert rows(story, "select repository from fh_task") == [("octo/sample",)]
        assert story.script.requests == [], "not one model call"
        await promoted(owner)


async def promoted(owner: Story) -> None:
    """The pilot ends by a pull request that tells what was measured."""
    with sqlite3.connect(owner.root / "data" / "forgehand.db") as database:
        task = "id, flow, source, installation, repository, actor, argument, state, posted, created"
        for number, kind in enumerate(("merged", "edited", "closed", "merged")):
            values = (f"t{number}", "fix", "label", 1, "octo/sample", "mara", "{}", "done", "{}", number)
            database.execute(f"insert into fh_task ({task}) values (?,?,?,?,?,?,?,?,?,?)", values)
            outcome = (f"t{number}", kind, "{}", 86_400_000, "fix", "octo/sample")
            columns = "task, kind, data, at, flow, repository"
            database.execute(f"insert into fh_outcome ({columns}) values (?,?,?,?,?,?)", outcome)
    settings = Settings(
        app_id=owner.app.app_id,
        private_key=SecretStr(owner.app.private_key),
        api_url=owner.hub.api_url,
        data_dir=owner.root / "data",
    )
    told = {await open_promotion(settings, "octo/sample", tuple(TASKS.schema.sections)) for _ in range(2)}
    (pull,) = await owner.pulls()
    assert told == {pull["html_url"]}
    assert "**Acceptance: 3 of 4 pull requests (75%)**" in pull["body"]
    assert "| fix | 4 | 2 | 1 | 1 | 0 |" in pull["body"]
    assert git(owner, "show", f"{pull['head']['ref']}:{FILE}") == "stages: {on: [sample], pilot: [], paused: [asleep]}"
    with sqlite3.connect(owner.root / "data" / "forgehand.db") as database:
        writes = set(database.execute("select method, path from fh_github_write where status < 300"))
        database.execute("delete from fh_task")
    assert len(writes) == 3
    assert writes <= {(one.method, one.path) for one in written(owner)}, "the branch, the file and the pull request"


async def test_a_repository_that_is_paused_stops_at_once(tell: Tell, tmp_path: Path) -> None:
    story: Story = await tell([])
    owner = governed(story, tmp_path / "empty")

    async def pause() -> None:
        await put(owner, FILE, "stages: {paused: ['*']}\n")
        await handled(story)

    first, *rest = GOOD
    story.script.extend([during(first, pause), *rest])
    number = await story.file(TITLE, BODY)
    status = await story.until_status(number, "Failed.")
    assert "has paused this repository" in status
    assert len(story.script.requests) == 1, "the one that was under way"
    assert await story.pulls() == []

    await put(owner, FILE, "budget: {organisation: {day: 0}}\n")
    await handled(story)
    status = await story.until_status(await story.file(TITLE, BODY), "Stopped. The organisation octo may cost")
    assert "Install what it needs (" not in status, "nothing is installed and run for what cannot be paid"
    assert "The organisation octo may cost $0.00 a day" in status
    assert "whoever may change octo/.github can raise it there" in status
    assert len(story.script.requests) == 1
    await put(owner, FILE, "budget: {organisation: {day: none}}\n")
    await handled(story)
    await told(story)


async def told(story: Story) -> None:
    """Programs read what is wrong with the owner's file, and each write on GitHub."""
    admin = asker(story, story.maintainer, "read", "admin")
    policy = (await admin.get("/api/v1/policy?repository=octo/sample")).data
    assert (policy["valid"], "line 1: budget.organisation.day" in policy["problem"]) == (True, True)
    where = "/api/v1/audit/writes?repository=octo/sample&actor=mara&since=2020-01-01"
    first = (await admin.get(f"{where}&limit=2")).data
    rest = (await admin.get(f"{where}&limit=100&cursor={first['next']}")).data
    shown = [(one["id"], one["method"], one["status"]) for one in (*first["items"], *rest["items"])]
    assert shown == rows(
        story, "select id, method, status from fh_github_write where task is not null order by id desc"
    )
    task = first["items"][0]["task"]
    mine = (await admin.get(f"/api/v1/audit/writes?task={task}&limit=100")).data["items"]
    assert {one["task"] for one in mine} == {task}
    assert (await admin.get("/api/v1/audit/writes?since=2099-01-01")).data == {"items": [], "next": None}


async def test_a_change_of_named_paths_waits_for_people_who_did_not_ask_for_it(tell: Tell, tmp_path: Path) -> None:
    story: Story = await tell(GOOD)
    owner = governed(story, tmp_path / "empty")
    await put(owner, FILE, "approvals: [{paths: [Basket/], people: 2}]\n")
    await handled(story)
    robin, sam = (story.hub.create_user(name) for name in ("robin", "sam"))
    for name in ("robin", "sam"):
        story.hub.set_permission(story.repository, name, "write")
    number = await story.file(TITLE, BODY)
    status = await story.until_status(number, "Waiting for approval.")
    assert "It changes `basket/prices.py`" in status
    (shown,) = story.shown(number, "final")
    assert "+    return int(whole) * 100 + int((cents" in shown
    assert written_refs(story) == []
    asked = len(story.script.requests)

    own, more = "somebody else has to approve it", "1 more has to approve it"
    for who, said in ((story.maintainer, own), (robin, more), (robin, more)):  # the same person twice is one
        (answer,) = await answered(story, await comment(story, number, "/approve", by=who))
        assert said in answer
    assert written_refs(story) == []
    await asyncio.gather(comment(story, number, "/approve", by=sam), comment(story, number, "/approve", by=sam))
    await story.until(lambda: bool(story.repository.pulls), what="a pull request")
    await handled(story)
    assert len(story.script.requests) == asked, "no model is asked again"
    assert len(await story.pulls()) == 1
    told = rows(story, "select actor, allowed from fh_audit where action = 'approve fix' order by id")
    assert told[:3] == [("mara", 0), ("robin", 1), ("robin", 1)]
    assert set(told[3:]) == {("sam", 1)}
    assert ("push", 0) in rows(story, "select action, allowed from fh_audit")


def written_refs(story: Story) -> list[str]:
    return [name for name in branches(story) if name != "main"]
