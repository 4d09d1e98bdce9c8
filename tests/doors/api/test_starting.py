"""Asking for tasks: one operation each, once for each idempotency key, as a command would."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.store import tasks
from tests.doors.test_commands import pull
from tests.e2e.scenes import POLICY, handled, place, put, rows
from tests.support.api import Asker, asker, opened
from tests.support.pulls import push
from tests.support.story import Story
from tests.support.typing import answered, below, comment, on_line

QUIET = "review: { on: [] }\n"


def problem(answer: object) -> str:
    return str(answer.data["detail"])  # type: ignore[attr-defined]


async def test_a_task_is_started_as_by_a_command(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    answer = await program.start("fix", number, hint="prices.py")
    assert answer.status == 202, answer.text
    assert answer.headers["Location"] == answer.data["url"] == f"/api/v1/tasks/{answer.data['id']}"
    assert (answer.data["task"], answer.data["state"], answer.data["door"]) == ("fix", "queued", "api")
    assert (answer.data["actor"], answer.data["number"]) == ("mara", number)
    told = ("$.subject.title", "$.input.hint", "$.origin.principal.kind")
    columns = ", ".join(f"json_extract(argument, '{path}')" for path in told)
    found = rows(story, f"select flow, source, actor, number, {columns} from fh_task")
    assert found == [("fix", "api", "mara", number, "Cents are lost", "prices.py", "token")]
    assert rows(story, "select action, allowed from fh_audit") == [("start fix", 1)]
    issue = story.repository.issues[number]
    assert [each.content for each in issue.reactions if each.user.id == story.app.bot_id] == ["eyes"]


async def test_the_same_key_is_the_same_task(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    first = await program.start("ask", number, "key-1", text="Why?")
    again = await program.start("ask", number, "key-1", text="Why?")
    assert (first.status, again.status) == (202, 200)
    assert first.data["id"] == again.data["id"]
    other = await program.start("ask", number, "key-1", text="Why not?")
    assert other.status == 409
    assert "new Idempotency-Key" in problem(other)
    elsewhere = await program.start("explain", number, "key-1", text="Why?")
    assert elsewhere.status == 409
    stranger = asker(story, story.maintainer)
    own = await stranger.start("ask", number, "key-1", text="Why?")
    assert own.status == 202, "keys belong to their token"
    assert own.data["id"] != first.data["id"]
    assert len(rows(story, "select 1 from fh_task")) == 2


async def test_duplicates_at_the_same_moment_are_one_task(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    answers = await asyncio.gather(*(program.start("ask", number, "key", text="Why?") for _ in range(12)))
    assert len({each.data["id"] for each in answers}) == 1
    assert sorted(each.status for each in answers) == [200] * 11 + [202]
    assert len(rows(story, "select 1 from fh_task")) == 1


async def test_what_runs_already_is_named_and_not_started_twice(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    first = await program.start("fix", number)
    second = await program.start("fix", number)
    assert (second.status, second.data["id"]) == (200, first.data["id"])


async def test_a_pull_request_is_revised_and_reviewed(story: Story) -> None:
    program = asker(story, story.maintainer)
    await put(story, POLICY, QUIET)
    number = await pull(story)
    await handled(story)
    assert (await program.start("review", number, full=True)).status == 202
    assert (await program.start("fix", number, hint="Use cents")).data["task"] == "revise"
    refused = await program.start("revise", number, text="Use cents")
    assert refused.status == 409
    assert "pull requests that I opened" in problem(refused)
    assert not story.shown(number, "answer"), "who asked by the API is told there, and nobody else"


async def test_what_makes_no_sense_is_refused_with_words(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    missing = await program.start("fix", 99)
    assert (missing.status, problem(missing)) == (404, "octo/sample has no issue or pull request 99.")
    assert problem(await program.start("review", number)) == (
        "`review` works on pull requests and comments on lines of a diff."
    )
    await story.request("PATCH", f"/issues/{number}", {"state": "closed"})
    closed = await program.start("fix", number)
    assert (closed.status, problem(closed)) == (409, "`fix` needs an open issue or pull request; this one is closed.")
    await put(story, POLICY, "fix: { labl: x }")
    wrong = await program.start("ask", number, text="Why?")
    assert wrong.status == 409
    assert "line 1: fix.labl: unknown key" in problem(wrong)
    await put(story, POLICY, "commands: { write: [fix] }")
    off = await program.start("ask", number, text="Why?")
    assert (off.status, "switched off" in problem(off)) == (403, True)
    assert not rows(story, "select 1 from fh_task")


async def test_a_task_is_about_a_thread(story: Story) -> None:
    program = asker(story, story.maintainer)
    await put(story, POLICY, QUIET)
    number, issue = await pull(story), await story.file("A", "B", label=None)
    first = await on_line(story, number, "basket/prices.py", 1, "Use cents here.")
    reply = await below(story, first, "Yes.")
    started = await program.start("fix", number, thread=reply.id)
    assert (started.status, started.data["task"]) == (202, "revise"), started.text
    told = (
        "$.subject.kind",
        "$.subject.lines.path",
        "$.subject.lines.line",
        "$.origin.reply.root",
        "$.origin.reply.id",
    )
    columns = ", ".join(f"json_extract(argument, '{path}')" for path in told)
    assert rows(story, f"select {columns} from fh_task") == [("thread", "basket/prices.py", 1, first.id, None)]
    other = await pull(story, branch="other")
    for where in (other, issue):
        astray = await program.start("explain", where, thread=first.id)
        assert (astray.status, problem(astray)) == (404, f"#{where} has no comment {first.id} on lines of its diff.")
    nowhere = await program.start("explain", None, thread=first.id)
    assert (nowhere.status, "Say the `number`" in problem(nowhere)) == (409, True)


async def test_a_result_goes_where_it_can(story: Story) -> None:
    program = asker(story, story.maintainer)
    await put(story, POLICY, QUIET)
    number, issue = await pull(story), await story.file("A", "B", label=None)
    alone = await program.start("ask", None, text="Why?")
    assert (alone.status, alone.data["number"]) == (202, None)
    nowhere = await program.start("ask", None, text="Why?", deliver="github")
    assert (nowhere.status, "no place on GitHub" in problem(nowhere)) == (409, True)
    branch = await program.start("fix", number, hint="Use cents", deliver="branch")
    assert (branch.status, problem(branch)) == (
        409,
        "What comes of `revise` goes to `github` or `result`, not to `branch`.",
    )
    assert (await program.start("review", number, deliver="branch")).status == 400
    first, second = [(await program.start("fix", issue, deliver="result")).data["id"] for _ in range(2)]
    seen = await program.start("fix", issue)
    assert len({first, second, seen.data["id"]}) == 3, "what nobody sees stands in nobody's way"
    assert [each.content for each in story.repository.issues[issue].reactions] == ["eyes"]
    await program.ask("POST", f"/api/v1/tasks/{first}/cancel")
    again = await program.ask("POST", f"/api/v1/tasks/{first}/retry", Idempotency_Key="r")
    query = "select json_extract(argument, '$.origin.outlet') from fh_task where id = ?"
    assert rows(story, query, again.data["id"]) == [("result",)]


async def test_a_push_stops_no_review_that_only_its_result_tells_of(story: Story) -> None:
    await put(story, POLICY, QUIET)
    number = await pull(story)
    program = asker(story, story.maintainer)
    quiet = (await program.start("review", number, deliver="result")).data["id"]
    await push(story, "topic", {"basket/prices.py": "y = 2\n"})
    await handled(story)
    assert rows(story, "select id, state, cancel from fh_task") == [(quiet, "queued", None)]
    shown = (await program.start("review", number)).data["id"]
    assert shown != quiet
    await push(story, "topic", {"basket/prices.py": "z = 3\n"})
    await handled(story)
    assert rows(story, "select cancel is not null from fh_task where id = ?", shown) == [(1,)]
    assert rows(story, "select cancel from fh_task where id = ?", quiet) == [(None,)]


async def test_a_retry_on_github_means_what_was_seen_there(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    task = (await program.start("fix", number, deliver="result")).data["id"]
    await program.ask("POST", f"/api/v1/tasks/{task}/cancel")
    (text,) = await answered(story, await comment(story, number, "/retry"))
    assert text.startswith("Nothing has run here yet")
    assert len(rows(story, "select 1 from fh_task")) == 1


async def cancelled(program: Asker, number: int) -> str:
    task = (await program.start("fix", number)).data["id"]
    answer = await program.ask("POST", f"/api/v1/tasks/{task}/cancel")
    assert (answer.status, answer.data["state"], answer.data["cancel_requested_by"]) == (202, "cancelled", "mara")
    return str(task)


async def test_a_task_is_cancelled_and_retried(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    task = await cancelled(program, number)
    assert (await program.ask("POST", f"/api/v1/tasks/{task}/cancel")).status == 200
    again = await program.ask("POST", f"/api/v1/tasks/{task}/retry", Idempotency_Key="r1")
    assert (again.status, again.data["parent"], again.data["task"]) == (202, task, "fix")
    assert (await program.ask("POST", f"/api/v1/tasks/{task}/retry", Idempotency_Key="r1")).status == 200
    running = await program.ask("POST", f"/api/v1/tasks/{again.data['id']}/retry", Idempotency_Key="r2")
    assert (running.status, problem(running)) == (
        409,
        "Only a task that ended badly can be retried; this one is queued.",
    )
    found = {action for (action,) in rows(story, "select action from fh_audit")}
    assert found == {"start fix", "cancel fix", "retry fix"}
    await story.request("PATCH", f"/issues/{number}", {"state": "closed"})
    assert (await program.ask("POST", f"/api/v1/tasks/{task}/retry", Idempotency_Key="r1")).status == 200


async def test_a_task_of_a_closed_issue_is_not_retried(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    task = await cancelled(program, number)
    await story.request("PATCH", f"/issues/{number}", {"state": "closed"})
    assert (await program.ask("POST", f"/api/v1/tasks/{task}/retry", Idempotency_Key="r1")).status == 409


async def test_a_login_that_is_somebody_elses_by_now_may_nothing(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    old = story.hub.create_user("zoe")
    story.hub.set_permission(story.repository, "zoe", "admin")
    program = asker(story, old)
    assert (await program.start("fix", number)).status == 202
    moved = old.id
    old.id = 987_654
    answer = await program.start("ask", number, text="Why?")
    old.id = moved
    assert (answer.status, problem(answer)) == (
        403,
        "@zoe has no permission in this repository; this needs read permission.",
    )


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'{"hint": "o/r"}', b'{"number": 1e400}', b"\xff"])
async def test_bodies_that_are_none_are_refused(story: Story, raw: bytes) -> None:
    program = asker(story, story.maintainer)
    url = f"http://127.0.0.1:{story.port}/api/v1/tasks/fix"
    headers = {"Authorization": f"Bearer {program.token}", "Idempotency-Key": "a", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session, session.post(url, data=raw, headers=headers) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_bounds_types_and_unknown_fields(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    large = await program.start("ask", number, text="a" * 1_100_000)
    assert large.status == 413
    wrong = await program.start("ask", number, text=7, colour="red")
    assert wrong.status == 400
    assert {each["where"] for each in wrong.data["errors"]} == {"body.text", "body.colour"}
    assert (await program.start("ask", number, text="a" * 8_001)).status == 400
    assert (await program.ask("POST", "/api/v1/tasks/fix", {})).status == 400
    nul = await program.start("ask", number, text="a\x00b")
    assert nul.status == 202
    with opened(story) as store:
        task = store.run_sync(lambda connection: tasks.get(connection, nul.data["id"]))
    assert task is not None
    assert task.argument["input"] == {"text": "ab"}


async def test_tasks_of_another_repository_of_the_account(story: Story) -> None:
    other = place(story, "second")
    program = asker(other, other.maintainer)
    number = await other.file("A", "B", label=None)
    assert (await program.start("ask", number, text="Why?")).data["repository"] == "octo/second"
