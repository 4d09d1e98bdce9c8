"""Reading tasks, money, deliveries, decisions and policy: pages, tags, filters."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.store import findings, outcomes, tasks
from bot.store.findings import StoredFinding
from bot.store.ledger import Ledger, ModelCall, Settlement
from bot.types import Repository
from handlers import HANDLERS
from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import POLICY, handled, installation_of, place, put, rows
from tests.support.api import Asker, asker, opened
from tests.support.story import Story

REPOSITORY = "repository=octo/sample"


async def started(story: Story, program: Asker, count: int) -> list[str]:
    """So many tasks, oldest first."""
    number = await story.file("A", "B", label=None)
    return [(await program.start("ask", number, text=f"Why {each}?")).data["id"] for each in range(count)]


async def walk(program: Asker, path: str, cursor: str | None = "") -> list[dict[str, Any]]:
    """Every item of a list, page by page."""
    items: list[dict[str, Any]] = []
    for _ in range(50):
        answer = await program.get(path + (f"&cursor={cursor}" if cursor else ""))
        assert answer.status == 200, answer.text
        items += answer.data["items"]
        cursor = answer.data["next"]
        if cursor is None:
            return items
    raise AssertionError("the pages have no end")


def end(story: Story, task: str, state: str, data: dict[str, Any]) -> None:
    """End a task as the engine does."""
    result = {"state": state, "summary": "Opened #2", "data": data}
    with opened(story) as store:
        store.run_sync(lambda connection: tasks.close(connection, task, state, result))


async def test_pages_hold_every_task_once_also_while_new_ones_come(story: Story) -> None:
    program = asker(story, story.maintainer)
    ids = await started(story, program, 7)
    first = await program.get(f"/api/v1/tasks?{REPOSITORY}&limit=3")
    assert [each["id"] for each in first.data["items"]] == ids[::-1][:3]
    await started(story, program, 1)
    rest = await walk(program, f"/api/v1/tasks?{REPOSITORY}&limit=2", first.data["next"])
    assert [each["id"] for each in rest] == ids[::-1][3:]
    assert len(await walk(program, f"/api/v1/tasks?{REPOSITORY}&limit=1")) == 8


async def test_filters_narrow_and_wrong_ones_are_named(story: Story) -> None:
    program = asker(story, story.maintainer)
    ids = await started(story, program, 2)
    await program.ask("POST", f"/api/v1/tasks/{ids[0]}/cancel")
    queued = await walk(program, f"/api/v1/tasks?{REPOSITORY}&state=queued")
    assert [each["id"] for each in queued] == ids[1:]
    assert len(await walk(program, f"/api/v1/tasks?{REPOSITORY}&task=ask&number=1&actor=mara")) == 2
    for nothing in ("task=fix", "number=9", "actor=ann"):
        assert await walk(program, f"/api/v1/tasks?{REPOSITORY}&{nothing}") == []
    for wrong in ("limit=0", "limit=101", "limit=x", "state=lost", "cursor=!", "number=99999999999", "colour=red"):
        answer = await program.get(f"/api/v1/tasks?{REPOSITORY}&{wrong}")
        assert answer.status == 400, wrong
        assert answer.data["errors"][0]["where"] == f"query.{wrong.partition('=')[0]}"
    twice = await program.get(f"/api/v1/tasks?{REPOSITORY}&limit=1&limit=2")
    assert twice.data["errors"] == [{"where": "query.limit", "problem": "given twice"}]


async def test_a_task_has_a_tag_that_changes_with_it(story: Story) -> None:
    program = asker(story, story.maintainer)
    (task,) = await started(story, program, 1)
    answer = await program.get(f"/api/v1/tasks/{task}")
    same = await program.get(f"/api/v1/tasks/{task}", If_None_Match=answer.headers["ETag"])
    assert (same.status, same.text) == (304, "")
    await program.ask("POST", f"/api/v1/tasks/{task}/cancel")
    changed = await program.get(f"/api/v1/tasks/{task}", If_None_Match=answer.headers["ETag"])
    assert (changed.status, changed.data["state"]) == (200, "cancelled")


async def test_the_result_is_there_when_the_task_has_ended(story: Story) -> None:
    program = asker(story, story.maintainer)
    (task,) = await started(story, program, 1)
    early = await program.get(f"/api/v1/tasks/{task}/result")
    assert (early.status, early.headers["Retry-After"]) == (409, "5")
    await pay(story, task, 0.25)
    key = "sk-ant-" + "a" * 30
    data = {"url": "https://x/pull/2", "branch": "forgehand/fix-1", "head_sha": "c0ffee", "report": f"Key {key}"}
    end(story, task, "done", data)
    answer = await program.get(f"/api/v1/tasks/{task}/result")
    assert (answer.data["state"], answer.data["summary"]) == ("done", "Opened #2")
    assert (answer.data["pull_request"], answer.data["branch"]) == ("https://x/pull/2", "forgehand/fix-1")
    assert answer.data["cost"] == {"micro_dollars": 250_000, "currency": "USD", "model_calls": 1}
    assert key not in answer.text
    assert (await program.get(f"/api/v1/tasks/{task}")).data["cost"]["micro_dollars"] == 250_000


async def pay(story: Story, task: str, dollars: float) -> None:
    """A settled model call of a task."""
    call = ModelCall(task, "edit", "fix", "thinker", "octo/sample", 1_000_000, 10, 10, person="mara")
    with opened(story) as store:
        ledger = Ledger(store)
        assert await ledger.reserve(call, ()) is None
        await ledger.settle(call, Settlement(round(dollars * 1_000_000), 100, 20, 5, 7, 1.0, True, {}))


async def test_usage_adds_up_by_every_key(story: Story) -> None:
    program = asker(story, story.maintainer)
    for task, dollars in zip(await started(story, program, 2), (0.25, 0.5), strict=True):
        await pay(story, task, dollars)
    expected = {
        "model": "thinker",
        "role": "fix",
        "repository": "octo/sample",
        "task": "ask",
        "actor": "mara",
        "owner": "octo",
        "key": "",
    }
    for by, key in expected.items():
        answer = await program.get(f"/api/v1/usage?{REPOSITORY}&by={by}")
        assert answer.data["items"] == [
            {
                "key": key,
                "micro_dollars": 750_000,
                "calls": 2,
                "input_tokens": 200,
                "output_tokens": 40,
                "cached_tokens": 10,
                "cache_write_tokens": 14,
                "lost": 0,
                "lost_micro_dollars": 0,
                "refused": 0,
                "open": 0,
                "open_micro_dollars": 0,
            }
        ]
        assert answer.data["total"] == answer.data["items"][0] | {"key": ""}
    table = await program.get(f"/api/v1/usage.csv?{REPOSITORY}&by=model")
    assert table.headers["Content-Disposition"].startswith('attachment; filename="usage-model-')
    assert table.text.splitlines()[1:] == [f"{key},750000,2,200,40,10,14,0,0,0,0,0" for key in ("thinker", "total")]
    today = (await program.get(f"/api/v1/usage?{REPOSITORY}")).data
    assert [each["key"] for each in today["items"]] == [today["last"]]
    before = await program.get(f"/api/v1/usage?{REPOSITORY}&last=2025-01-01")
    assert before.data["items"] == []
    assert (await program.get(f"/api/v1/usage?{REPOSITORY}&last=2025-02-30")).status == 200
    assert (await program.get("/api/v1/usage")).status == 403
    everything = await asker(story, story.maintainer, "admin").get("/api/v1/usage?by=repository")
    assert [each["key"] for each in everything.data["items"]] == ["octo/sample"]


async def test_what_was_paid_is_told_beside_what_came_of_it(story: Story) -> None:
    program = asker(story, story.maintainer)
    ids = await started(story, program, 3)
    for task in ids:
        await pay(story, task, 0.25)
    with opened(story) as store:
        for task, kind in zip(ids, ("merged", "edited", "closed"), strict=True):
            store.run_sync(outcomes.record, task, kind, {})
        store.run_sync(remember_findings, ids[0])
    told = (await program.get(f"/api/v1/worth?{REPOSITORY}")).data
    assert told["tasks"] == [
        {"task": "ask", "merged": 1, "edited": 1, "closed": 1, "reverted": 0}
        | {"micro_dollars": 750_000, "micro_dollars_a_merge": 375_000}
    ]
    assert told["rules"] == [
        {"rule": "ruff:E501", "fixed": 2, "ignored": 1, "disputed": 0, "open": 1, "accepted": 2 / 3},
        {"rule": "model:bug", "fixed": 0, "ignored": 0, "disputed": 0, "open": 1, "accepted": None},
    ]
    before = (await program.get(f"/api/v1/worth?{REPOSITORY}&last=2025-01-01")).data
    assert (before["tasks"], before["rules"]) == ([], [])
    assert (await program.get("/api/v1/worth")).status == 403


def remember_findings(connection: sa.Connection, task: str) -> None:
    """Findings of a review of this task, by rule and end."""
    found = tasks.get(connection, task)
    assert found is not None
    place = Repository.model_validate(found.argument["repository"])
    ends = [("ruff:E501", "fixed"), ("ruff:E501", "fixed"), ("ruff:E501", "ignored"), ("ruff:E501", "folded")]
    rows = [
        StoredFinding.model_validate(
            {"fingerprint": str(number), "task": task, "rule": rule, "state": state, "data": {}}
        )
        for number, (rule, state) in enumerate([*ends, ("model:bug", "open")])
    ]
    findings.remember(connection, place, 1, rows)


async def test_administrators_read_deliveries_and_decisions(story: Story) -> None:
    admin, program = asker(story, story.maintainer, "admin"), asker(story, story.maintainer)
    await started(story, program, 3)
    await handled(story)
    deliveries = await walk(admin, "/api/v1/deliveries?limit=1")
    assert (
        len(deliveries) == len({each["guid"] for each in deliveries}) == len(rows(story, "select 1 from fh_delivery"))
    )
    assert {each["state"] for each in deliveries} == {"done"}
    assert "payload" not in str(deliveries)
    assert await walk(admin, "/api/v1/deliveries?state=failed") == []
    decisions = await walk(admin, "/api/v1/audit?limit=2")
    assert [each["action"] for each in decisions] == ["start ask"] * 3
    assert await walk(admin, "/api/v1/audit?allowed=false") == []
    assert len(await walk(admin, f"/api/v1/audit?actor=mara&{REPOSITORY}")) == 3
    assert all(program.token is not None and program.token not in str(each) for each in decisions)


async def test_the_policy_tells_where_each_value_comes_from(story: Story) -> None:
    program = asker(story, story.maintainer)
    await put(story, POLICY, "fix: { label: mend, max_dollars: 900 }\nreview: { on: [] }\n")
    answer = await program.get(f"/api/v1/policy?{REPOSITORY}")
    keys = {each["key"]: (each["value"], each["origin"]) for each in answer.data["keys"]}
    assert keys["fix.label"] == ("mend", "line 1")
    assert keys["fix.max_dollars"] == (5.0, "the server's ceiling; asked for 900")
    assert keys["publish.prefix"] == ("forgehand/", "default")
    assert (await program.get(f"/api/v1/policy?{REPOSITORY}", If_None_Match=answer.headers["ETag"])).status == 304


async def test_a_policy_is_tried_out_without_being_put_anywhere(story: Story) -> None:
    program = asker(story, story.maintainer)
    good = (await program.ask("POST", "/api/v1/policy/check", {"text": "fix: { label: mend }"})).data
    assert good["valid"] is True
    assert {"key": "fix.label", "value": "mend", "origin": "line 1"} in good["keys"]
    bad = (await program.ask("POST", "/api/v1/policy/check", {"text": "fix:\n  labl: mend"})).data
    assert (bad["valid"], "line 2: fix.labl: unknown key" in bad["problem"]) == (False, True)
    assert not rows(story, "select 1 from fh_audit")


async def test_task_types_are_the_registry(story: Story) -> None:
    answer = await asker(story, story.maintainer, "read").get("/api/v1/task-types")
    assert [each["name"] for each in answer.data["items"]] == [
        spec.name for spec in HANDLERS.registry if spec.doors.command
    ]
    fix = next(each for each in answer.data["items"] if each["name"] == "fix")
    assert fix["stages"][0] == {"name": "read", "title": "Read the issue"}
    assert "hint" in fix["input_schema"]["properties"]


async def test_a_repository_that_took_anothers_name_shows_none_of_its_tasks(story: Story) -> None:
    program = asker(story, story.maintainer)
    (task,) = await started(story, program, 1)
    with opened(story) as store:

        def move(connection: Any) -> None:
            found = tasks.get(connection, task)
            assert found is not None
            argument = {**found.argument, "repository": {**found.argument["repository"], "id": 4_242}}
            new = tasks.NewTask(**{**dict(found), "id": "0123456789ab", "argument": argument, "active_key": None})
            tasks.create(connection, new)

        store.run_sync(move)
    assert [each["id"] for each in await walk(program, f"/api/v1/tasks?{REPOSITORY}")] == [task]
    assert (await program.get("/api/v1/tasks/0123456789ab")).status == 404


async def test_limits_are_set_listed_and_removed(story: Story) -> None:
    admin, program = asker(story, story.maintainer, "admin"), asker(story, story.maintainer)
    await put(story, POLICY, "limits: {dollars_per_day: 7}\n")
    for events in (story.app.app.events, installation_of(story).events):
        events.append("push")  # so that the bot hears of a changed file at once
    owner = place(story, ".github", SAMPLE)
    text = "budget: {organisation: {month: 600}, repositories: {s*: {day: 3}, x: {day: 1}}, people: {'*': {day: 5}}}\n"
    await put(owner, "forgehand.yml", text)
    await handled(story)
    (task,) = await started(story, program, 1)
    await pay(story, task, 0.25)
    everything = (await admin.get("/api/v1/budgets")).data
    assert {
        (one["subject"], one["within"], one["period"], one["given_by"]): limit(one) for one in everything["items"]
    } == {
        ("instance", "", "day", "settings"): (50_000_000, 250_000),
        ("task:*", "", "total", "settings"): (5_000_000, 0),
        ("repository:octo/sample", "", "day", "policy"): (7_000_000, 250_000),
        ("organisation:octo", "", "month", "organisation"): (600_000_000, 250_000),
        ("repository:octo/sample", "", "day", "organisation"): (3_000_000, 250_000),
        ("repository:octo/x", "", "day", "organisation"): (1_000_000, 0),
        ("person:mara", "octo", "day", "organisation"): (5_000_000, 250_000),
    }
    assert everything["problems"] == []
    assert "whoever may change octo/.github can raise it" in everything["items"][-1]["raised_by"]
    soft = {"subject": "person:Mara", "period": "month", "strength": "soft", "micro_dollars": 300_000}
    for body in (soft, {"subject": "instance", "period": "day", "micro_dollars": 80_000_000}):
        assert (await admin.ask("PUT", "/api/v1/budgets", body)).status == 200
    await pay(story, task, 0.01)
    items = (await admin.get("/api/v1/budgets")).data["items"]
    raised, mine = (
        next(one for one in items if one["given_by"] == "operator" and name in one["subject"])
        for name in ("instance", "Mara")
    )
    assert (limit(raised), raised["raised_by"][:23]) == ((80_000_000, 260_000), "Whoever runs this serve")
    assert (limit(mine), mine["told"]) == ((300_000, 260_000), [50, 80])
    assert not [one for one in items if one["given_by"] == "settings" and one["subject"] == "instance"]
    day = {"subject": "instance", "period": "day", "micro_dollars": 90_000_000}
    for until, status in (("2020-01-01T00:00:00Z", 409), ("2099-01-01T00:00:00", 400), ("2099-01-01T00:00:00Z", 200)):
        assert (await admin.ask("PUT", "/api/v1/budgets", day | {"until": until})).status == status, until
    (passing,) = [one for one in (await admin.get("/api/v1/budgets")).data["items"] if one["until"]]
    assert (passing["micro_dollars"], passing["until"]) == (90_000_000, "2099-01-01T00:00:00.000Z")
    wrong = {"subject": "repository:octo", "period": "day", "micro_dollars": 1}
    assert (await admin.ask("PUT", "/api/v1/budgets", wrong)).status == 400
    query = "subject=person:Mara&period=month&strength=soft"
    assert len((await admin.ask("DELETE", f"/api/v1/budgets?{query}")).data["items"]) == 7
    assert (await admin.ask("DELETE", f"/api/v1/budgets?{query}")).status == 404
    audited = rows(story, "select action, reason, actor from fh_audit where action like '%limit%' order by id")
    assert audited[0] == ("set limit person:Mara", "$0.30 a month, soft", "mara")
    assert audited[2][1] == "$90.00 a day, hard, until 2099-01-01 00:00 UTC"
    own = (await program.get(f"/api/v1/budgets?{REPOSITORY}")).data["items"]
    assert [limit(one)[0] for one in own] == [7_000_000, 3_000_000], "a reader sees what is about the repository alone"
    assert (await asker(story, story.maintainer).get("/api/v1/budgets")).status == 403


def limit(view: dict[str, Any]) -> tuple[int, int]:
    """What a limit lets through and what was paid of it."""
    return view["micro_dollars"], view["paid_micro_dollars"]
