"""How a task went: its stages, its model calls with who paid, and a log of any length."""

from __future__ import annotations

import sqlalchemy as sa

from bot.store import tasks
from bot.store.database import now_ms
from bot.store.tables import key, model_call, task_event
from tests.support.api import asker, opened
from tests.support.story import Story

SECRET = "sk-ant-" + "a" * 30


def bill(connection: sa.Connection, task: str) -> None:
    """Three calls: of a key of the organisation's, of the server's, and one that is being made."""
    owner = {"scope": "organisation", "owner": 7, "owner_name": "octo", "installation": 7, "provider": "openai"}
    rest = {"name": "n", "masked": "m", "use": "current", "fallback": False, "state": "works", "problem": ""}
    connection.execute(sa.insert(key).values(id="key-0a0a0a0a0a0a", added_by="", created=1, **owner, **rest))
    call = {"task": task, "role": "reason", "repository": "octo/sample", "owner": "octo", "reserved": 0}
    tokens = {"input_tokens": 900, "output_tokens": 80, "cached_tokens": 10, "seconds": 1.5}
    for at, name, paid_by, state, cost in (
        (1, "one", "key-0a0a0a0a0a0a", "answered", 1200),
        (2, "two", "", "failed", 40),
        (3, "three", "", "reserved", None),
    ):
        known = tokens if cost is not None else {"reserved": 5000}
        row = {**call, "id": name, "step": name, "model": "m-large", "key": paid_by, "state": state, "cost": cost}
        connection.execute(sa.insert(model_call).values(created=at, **row | known))


async def test_the_course_of_a_task_is_told_with_its_bill_and_its_log(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    task = (await program.start("fix", number)).data["id"]
    with opened(story) as store:
        told = {"stage": "read", "state": "done", "text": f"key {SECRET}"}
        store.run_sync(tasks.add_event, task, "stage", told)
        store.run_sync(bill, task)
        lines = [{"task": task, "at": now_ms(), "kind": "retry", "data": {"error": "x" * 50}} for _ in range(1200)]
        store.run_sync(lambda connection: connection.execute(sa.insert(task_event), lines))
    stages = (await program.get(f"/api/v1/tasks/{task}/stages")).data["items"]
    assert [(each["state"], each["text"]) for each in stages][:2] == [
        ("done", "key [Anthropic key removed]"),
        ("pending", ""),
    ]
    first = (await program.get(f"/api/v1/tasks/{task}/calls?limit=2")).data
    rest = (await program.get(f"/api/v1/tasks/{task}/calls?cursor={first['next']}")).data
    shown = [
        (each["step"], each["micro_dollars"], each["reserved_micro_dollars"], each["paid_by"], each["key"])
        for each in (*first["items"], *rest["items"])
    ]
    assert shown == [
        ("three", None, 5000, "this server", None),
        ("two", 40, 0, "this server", None),
        ("one", 1200, 0, "the organisation octo", "key-0a0a0a0a0a0a"),
    ]
    assert rest["next"] is None
    log = (await program.get(f"/api/v1/tasks/{task}/artifacts/log.txt")).text.splitlines()
    assert (len(log), "queued" in log[0], "[Anthropic key removed]" in log[1]) == (1202, True, True)
    story.repository.private = True
    stranger = asker(story, story.hub.create_user("zed"), "read", "run")
    assert {(await stranger.get(f"/api/v1/tasks/{task}/{what}")).status for what in ("stages", "calls")} == {404}
