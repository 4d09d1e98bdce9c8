"""``forgehand tasks``: lists of any length in terminals of any width, one task, cancel and retry."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from bot.store import tasks
from bot.store.tasks import NewTask
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Request, Subject, TaskInput
from tests.e2e.scenes import rows
from tests.support.api import asker, opened
from tests.support.story import Story
from tests.support.terminal import at, plain, seen, typed
from tests.terminal.test_run import STEER, end

LONG = "The tests of the whole suite did not give usable results before any change was made."


def fill(story: Story, count: int) -> list[str]:
    """So many tasks of the repository; their ids, newest first."""
    names = [f"{number:012x}" for number in range(count)]
    (installation,) = story.hub.world.installations
    place = Repository(id=story.repository.id, owner="octo", name="sample", installation=installation)
    mara = Principal(actor=Actor(login="mara", id=story.maintainer.id))
    origin = Origin(door="label", principal=mara, key="k", at="2026-11-30T01:00:00Z", delivery="d")
    request = Request(repository=place, subject=Subject(kind="issue", number=12), origin=origin, input=TaskInput())
    with opened(story) as store:
        for name in names:
            new = NewTask(
                id=name, flow="fix", source="label", delivery="d", installation=installation,
                repository="octo/sample", number=12, actor="mara", argument=request.model_dump(mode="json"),
            )  # fmt: skip
            store.run_sync(lambda connection, new=new: tasks.create(connection, new))
    return names[::-1]


async def test_a_list_goes_over_as_many_pages_as_are_wanted(story: Story) -> None:
    names = fill(story, 250)
    for limit, wanted in ((3, names[:3]), (230, names[:230]), (1_000, names)):
        said = await typed("tasks", "list", "--repo", "octo/sample", "--limit", str(limit), "--json", **at(story))
        assert sorted(each["id"] for each in said.data) == sorted(wanted), said.err
    said = await typed("tasks", "list", "--repo", "octo/sample", **at(story))
    assert len(said.out.splitlines()) == 30


async def test_a_list_holds_what_is_asked_for(story: Story) -> None:
    names = fill(story, 2)
    end(story, names[0], "failed", LONG)
    here = ("--repo", "octo/sample")
    for argv, found in (
        (("--state", "failed"), names[:1]),
        (("--task", "review"), []),
        (("--number", "12"), names),
        (("--number", "13"), []),
        (("--actor", "ann"), []),
    ):
        said = await typed("tasks", "list", *here, *argv, "--json", **at(story))
        assert [each["id"] for each in said.data] == found, argv
    assert (await typed("tasks", "list", **at(story))).code == 4
    everything = await typed("tasks", "list", **at(story, asker(story, story.maintainer, "admin")))
    assert (everything.code, len(everything.out.splitlines())) == (0, 2)


async def test_programs_get_every_value_with_tabs_between(story: Story) -> None:
    (name,) = fill(story, 1)
    end(story, name, "failed", f"{LONG}\twith a tab\nand a line")
    said = await typed("tasks", "list", "--repo", "octo/sample", COLUMNS="40", **at(story))
    (line,) = said.out.splitlines()
    assert line.split("\t")[:4] == [name, "fix", "failed", "octo/sample#12"]
    assert line.split("\t")[5:] == ["$0.00", "mara", f"{LONG} with a tab and a line"]


@pytest.mark.parametrize(("zone", "hours"), [("Asia/Tokyo", 9), ("UTC", 0)])
async def test_times_are_those_of_this_machines_zone(story: Story, zone: str, hours: int) -> None:
    (name,) = fill(story, 1)
    (created,) = rows(story, "select created from fh_task")[0]
    there = datetime.fromtimestamp(created / 1000, timezone(timedelta(hours=hours))).strftime("%Y-%m-%d %H:%M")
    said = await typed("tasks", "list", "--repo", "octo/sample", TZ=zone, **at(story))
    assert said.out.split("\t")[4] == there
    assert f"asked    {there} by mara (label)" in (await typed("tasks", "show", name, TZ=zone, **at(story))).out
    told = (await typed("tasks", "show", name, "--json", TZ=zone, **at(story))).data
    assert told["created_at"].endswith("Z"), "programs get the API's own"


@pytest.mark.parametrize(
    ("columns", "heads"),
    [
        (50, ["ID", "TASK", "STATE", "ON"]),
        (80, ["ID", "TASK", "STATE", "ON", "ASKED", "COST"]),
        (120, ["ID", "TASK", "STATE", "ON", "ASKED", "COST", "BY", "SUMMARY"]),
    ],
)
async def test_a_table_fits_its_terminal(story: Story, columns: int, heads: list[str]) -> None:
    for name in fill(story, 3):
        end(story, name, "unverified", f"{STEER}{LONG}")
    screen = await seen(columns, "tasks", "list", "--repo", "octo/sample", NO_COLOR="1", **at(story))
    head, *lines = [line for line in plain(screen).splitlines() if line]
    assert head.split() == heads
    assert len(lines) == 3
    for line in lines:
        assert len(line) <= columns
        assert line.startswith("00000000000")
        assert line[14:].split()[:3] == ["fix", "unverified", "octo/sample#12"]
    assert "\x1b]" not in screen


async def test_one_task_is_shown_with_what_came_of_it(story: Story) -> None:
    (name,) = fill(story, 1)
    before = await typed("tasks", "show", name, **at(story))
    assert before.out.splitlines()[:2] == [f"task     {name} fix for octo/sample#12", "state    queued"], before.err
    end(
        story,
        name,
        "done",
        "Opened #3",
        report="**Cause.** It was cut off.",
        url="https://github.com/octo/sample/pull/3",
    )
    after = await typed("tasks", "show", name, **at(story))
    assert after.out.splitlines()[-3:] == [
        "summary  Opened #3",
        "Pull request: https://github.com/octo/sample/pull/3",
        "**Cause.** It was cut off.",
    ]
    result = (await typed("tasks", "show", name, "--json", **at(story))).data
    assert (result["state"], result["pull_request"]) == ("done", "https://github.com/octo/sample/pull/3")


async def test_a_task_is_cancelled_and_started_once_more(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
    said = await typed("tasks", "cancel", task, **at(story))
    assert (said.code, f"task     {task} fix for octo/sample#{number}" in said.out) == (0, True), said.err
    assert rows(story, "select cancel from fh_task") == [("mara",)]
    end(story, task, "cancelled")
    again = await typed("tasks", "retry", task, "--json", **at(story))
    assert (again.code, again.data["parent"], again.data["door"]) == (0, task, "terminal"), again.err
    refused = await typed("tasks", "retry", again.data["id"], **at(story))
    assert (refused.code, refused.out) == (4, "")
    assert "Only a task that ended badly can be retried" in refused.err


async def test_a_waiting_task_goes_on_or_waits_no_longer(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
    early = await typed("tasks", "approve", task, **at(story))
    assert (early.code, "Only a task that waits for approval" in early.err) == (4, True)
    end(story, task, "awaiting_approval")
    begun = (await typed("tasks", "approve", task, "--json", **at(story))).data
    assert (begun["parent"], begun["door"]) == (task, "terminal")
    end(story, begun["id"], "awaiting_approval")
    declined = await typed("tasks", "decline", begun["id"], **at(story))
    assert (declined.code, "state    cancelled" in declined.out) == (0, True), declined.err
    assert "summary  mara cancelled the task while it waited." in declined.out


async def test_what_is_no_task_is_told(story: Story) -> None:
    for command in ("show", "cancel", "retry", "approve"):
        unknown = await typed("tasks", command, "a" * 12, **at(story))
        assert (unknown.code, "There is no such task" in unknown.err) == (4, True)
        wrong = await typed("tasks", command, "../audit", **at(story))
        assert (wrong.code, "is not a task's id" in wrong.err) == (2, True)
