"""Tasks that wait for people: they end, hold what they made, and another task goes on from there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scenes import POLICY, installation_of, put, rows
from tests.e2e.test_new_task import served
from tests.support.api import asker
from tests.support.outside import extended
from tests.support.story import Story
from tests.support.typing import answered, comment

SOURCE = Path(__file__).with_name("waiting_task.py.txt")
STATES = "select state from fh_task where flow = 'wait' order by created, id"


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    with extended(SOURCE, tmp_path) as handlers:
        async with served(tmp_path, handlers) as told:
            await put(told, POLICY, "review: { on: [] }\n")
            yield told


def states(story: Story) -> list[str]:
    return [state for (state,) in rows(story, STATES)]


async def until(story: Story, *wanted: str) -> None:
    await story.until(lambda: states(story) == list(wanted), what=f"tasks are {wanted}", show=lambda: answer(story))


async def answer(story: Story) -> str:
    return str(states(story))


async def waiting(story: Story) -> int:
    number = await story.file("A", "B", label=None)
    await comment(story, number, "/wait")
    status = await story.until_status(number, "Waiting for answers. 1. Which word?")
    assert "Answer in a comment below to have it go on, or comment `/cancel`." in status
    return number


async def test_an_answer_and_an_approval_each_start_the_next_task(story: Story) -> None:
    number = await waiting(story)
    assert rows(story, "select active_key, concurrency_group from fh_task where flow = 'wait'") == [(None, None)]
    (text,) = await answered(story, await comment(story, number, "/status"))
    assert "**wait** awaiting answer, asked by mara" in text
    (text,) = await answered(story, await comment(story, number, "/approve"))
    assert text.startswith("Nothing here waits for approval.")
    await comment(story, number, "1. Any word will do")
    await until(story, "done", "awaiting_approval")
    await comment(story, number, "This is no answer any more")
    await comment(story, number, "/approve")
    await until(story, "done", "done", "done")
    query = "select id, parent, json_extract(result, '$.summary') from fh_task where flow = 'wait'"
    first, second, third = rows(story, f"{query} order by created, id")
    assert (first[1], second[1], third[1]) == (None, first[0], second[0])
    assert first[2] == f"mara answered; task `{second[0]}` goes on from here."
    assert second[2] == f"mara approved it; task `{third[0]}` goes on from here."
    assert third[2] == "The word is whole."
    await story.until(
        lambda: [text.partition(" ")[0] for text in story.shown(number, "status")] == ["Done."] * 3,
        what="no status comment waits any more",
    )


async def test_only_who_may_start_it_may_answer_or_approve(story: Story) -> None:
    number = await waiting(story)
    stranger = story.hub.create_user("sam")
    await comment(story, number, "1. Mine!", stranger)
    await comment(story, number, "/status", stranger)
    audited = "select allowed from fh_audit where action = 'answer wait'"
    await story.until(lambda: rows(story, audited) == [(0,)], what="the stranger's answer is refused")
    assert states(story) == ["awaiting_answer"]
    await comment(story, number, "1. As sam says")
    await until(story, "done", "awaiting_approval")
    await comment(story, number, "/approve", stranger)
    await story.until(lambda: rows(story, "select 1 from fh_audit where action = '/approve'"), what="refused")
    assert states(story) == ["done", "awaiting_approval"]


async def test_programs_approve_and_decline(story: Story) -> None:
    program = asker(story, story.maintainer)

    async def ask(said: str, key: str) -> tuple[int, dict[str, Any]]:
        path = f"/api/v1/tasks/{task}/approval"
        answer = await program.ask("POST", path, {"answer": said}, Idempotency_Key=key)
        return answer.status, answer.data

    number = await waiting(story)
    await comment(story, number, "1. Any")
    await until(story, "done", "awaiting_approval")
    ((task,),) = rows(story, "select id from fh_task where state = 'awaiting_approval'")
    status, begun = await ask("approve", "yes")
    assert (status, begun["parent"], begun["door"]) == (202, task, "api")
    status, again = await ask("approve", "yes")
    assert (status, again["id"]) == (200, begun["id"])
    await until(story, "done", "done", "done")
    number = await waiting(story)
    await comment(story, number, "1. Any")
    await story.until(lambda: states(story)[4:] == ["awaiting_approval"], what="the second waits")
    ((task,),) = rows(story, "select id from fh_task where state = 'awaiting_approval'")
    status, declined = await ask("decline", "no")
    assert (status, declined["state"]) == (200, "cancelled")


async def test_cancel_a_newer_task_and_a_removed_repository_end_the_waiting(story: Story) -> None:
    number = await waiting(story)
    (text,) = await answered(story, await comment(story, number, "/retry"))
    assert "is awaiting answer" in text
    await comment(story, number, "/wait")
    await until(story, "cancelled", "awaiting_answer")
    await answered(story, await comment(story, number, "/cancel"))
    await until(story, "cancelled", "cancelled")
    await comment(story, number, "1. Too late")
    await answered(story, await comment(story, number, "/status"))
    assert states(story) == ["cancelled", "cancelled"]
    await waiting(story)
    story.hub.change_repositories(installation_of(story), remove=[story.repository], sender="mara")
    await until(story, "cancelled", "cancelled", "cancelled")
    query = "select json_extract(result, '$.summary') from fh_task where flow = 'wait' order by created desc limit 1"
    assert rows(story, query) == [("mara took the App off the repository while it waited.",)]
