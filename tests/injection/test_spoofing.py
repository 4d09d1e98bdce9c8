"""Events that are really signed by GitHub, but tell of something else than they seem to: nothing is started by them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from bot.store import tasks
from bot.store.database import create_engine
from bot.store.store import Store
from bot.store.tasks import NewTask
from simhub.workflows import Job
from tests.e2e.scenes import deliver, handled, rows, sent
from tests.support.pulls import propose, pull
from tests.support.story import Story
from tests.support.typing import answers, comment, review

TASK = "0123456789ab"
BRANCH = f"forgehand/fix-1-{TASK}"


async def worked(
    story: Story, flow: str, number: int, *, state: str = "done", head: str = "", **repository: Any
) -> None:
    """A task of the bot's that has ended, in this repository or in another."""
    here = {"id": story.repository.id, "owner": "octo", "name": "sample", "installation": 1, **repository}
    actor = {"login": story.maintainer.login, "id": story.maintainer.id}
    origin = {"door": "label", "principal": {"actor": actor}, "key": "k", "at": "then", "delivery": "earlier"}
    given = {"text": "Rename it."} if flow == "revise" else {}
    new = NewTask(
        id=TASK,
        flow=flow,
        source="label",
        installation=here["installation"],
        repository=f"{here['owner']}/{here['name']}",
        number=number,
        actor=actor["login"],
        argument={"repository": here, "subject": {"kind": "pull", "number": number}, "origin": origin, "input": given},
    )
    store = Store(create_engine(f"sqlite:///{story.root / 'data' / 'forgehand.db'}"))
    try:
        await store.run(lambda connection: tasks.create(connection, new))
        result = {"state": state, "summary": "", "data": {"head_sha": head}}
        await store.run(lambda connection: tasks.close(connection, TASK, state, result))
    finally:
        await asyncio.to_thread(store.close)


def started(story: Story, flow: str) -> list[int]:
    found = rows(story, "select number from fh_task where flow = ? and id <> ? order by number", flow, TASK)
    return [number for (number,) in found]


async def test_a_pull_request_from_our_branch_into_a_strangers_fork_starts_nothing_here(story: Story) -> None:
    """GitHub lists it with the checks of the branch, with the number that it has in the fork."""
    story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    theirs = await propose(story, {"notes.txt": "theirs\n"}, branch="topic", draft=True)
    ours = await propose(story, {"notes.txt": "ours\n"}, branch=BRANCH, draft=True)
    head = (await pull(story, ours))["head"]["sha"]
    await worked(story, "fix", 1, head=head)
    run = await story.hub.start_workflow(story.repository, head, BRANCH)
    await story.hub.finish_workflow(run, [Job("test", "failure", "red\n")])
    await handled(story)
    assert started(story, "revise") == [ours], "a pull request of ours is looked into"
    payload = json.loads(sent(story, "check_suite", "completed")[-1].body)
    (listed,) = payload["check_suite"]["pull_requests"]
    listed["number"], listed["base"]["repo"]["id"] = theirs, fork.id
    payload["workflow_run"] = payload["check_suite"]
    for event in ("check_suite", "workflow_run"):
        assert await deliver(story, event, json.dumps(payload).encode()) == 202
    await handled(story)
    assert started(story, "revise") == [ours], "nobody asked for a change of the other one"


async def test_the_button_of_another_repositorys_check_run_means_nothing_here(story: Story) -> None:
    number = await propose(story, {"notes.txt": "x\n"}, draft=True)
    await worked(story, "review", number, id=story.repository.id + 1000, owner="acme", name="private")
    head = (await pull(story, number))["head"]["sha"]
    payload = json.loads(sent(story, "pull_request", "opened")[-1].body)
    told = {key: payload[key] for key in ("repository", "installation", "sender")}
    run = {"check_run": {"external_id": TASK, "head_sha": head}, "requested_action": {"identifier": "fix-these"}}
    for action in ("rerequested", "requested_action"):
        body = json.dumps({**told, **run, "action": action}).encode()
        assert await deliver(story, "check_run", body) == 202
    await handled(story)
    assert (started(story, "review"), started(story, "revise")) == ([], [])


async def test_a_retry_is_done_in_the_repository_as_it_is_now(story: Story) -> None:
    """A former topic branch may be the default branch now: nothing is pushed."""
    number = await propose(story, {"notes.txt": "x\n"}, draft=True)
    old = {"owner": "octopus", "name": "old", "default_branch": "trunk", "installation": 99}
    await worked(story, "revise", number, state="failed", **old)
    await comment(story, number, "/retry")
    await handled(story)
    ((text,),) = rows(story, "select argument from fh_task where parent = ?", TASK)
    repository = json.loads(text)["repository"]
    (installation,) = story.hub.world.installations
    assert (repository["owner"], repository["name"]) == ("octo", "sample")
    assert (repository["default_branch"], repository["installation"]) == ("main", installation)


async def test_a_stranger_who_keeps_requesting_changes_is_answered_no_more(story: Story) -> None:
    """Anybody may review a public pull request; each answer would notify all who watch it."""
    number = await propose(story, {"notes.txt": "x\n"}, draft=True)
    payload = json.loads(sent(story, "pull_request", "opened")[-1].body)
    sam = story.hub.create_user("sam")
    written = await review(story, number, "Bad.", by=sam)
    payload |= {"action": "submitted", "sender": {"login": "sam", "id": sam.id, "type": "User"}}
    payload["pull_request"]["user"]["id"] = story.app.bot_id
    for one in range(40):
        payload["review"] = {"id": written.id + one, "user": {"id": sam.id}, "state": "changes_requested", "body": ""}
        assert await deliver(story, "pull_request_review", json.dumps(payload).encode()) == 202
    await handled(story)
    refused = rows(story, "select count(*) from fh_audit where actor = 'sam' and allowed = 0")
    assert refused == [(40,)], "each is on record"
    assert 1 <= len(await answers(story, written)) <= 30
    assert started(story, "revise") == []
