"""What is forgotten after a time, and what is kept all the same; on both databases."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
import sqlalchemy as sa

from bot.store import artifacts, audit, deliveries, limit_uses, records, retention, sources, tasks, usage_sums
from bot.store.artifacts import ArtifactRow
from bot.store.database import now_ms
from bot.store.deliveries import Delivery, DeliveryEnd
from bot.store.ledger import Ledger
from bot.store.limits import Limit
from bot.store.migrations import let_shrink
from bot.store.sources import Source
from bot.store.store import Store
from bot.store.tables import delivery, installation, model_call, task, task_event
from bot.store.writes import WriteJournal
from bot.types import Repository
from tests.store.test_ledger import WIDE, call, ended
from tests.support.models import dollars

FUTURE = now_ms() + 3_600_000
DAY_MS = 86_400_000
SCOPES = (("instance", ""), ("organisation", "octo"), ("repository", "octo/demo"), ("key", ""))


async def deliver(store: Store, guid: str, *, number: int = 7, done: bool = True, size: int = 0) -> None:
    payload = json.dumps({"installation": {"id": number}, "filler": "x" * size}).encode()
    await store.run(deliveries.put, [Delivery(guid, "issues", payload)], "me")
    if done:
        await store.run(deliveries.end, [DeliveryEnd(guid, None)])


async def work(store: Store, name: str, *, number: int = 7, close: bool = True) -> None:
    """A task with an event, an answer of a model and a text that it left."""
    new = tasks.NewTask(
        id=name, flow="fix", source="label", installation=number, repository="octo/basket", actor="mara",
        argument={"repository": {"id": 5}}, number=1,
    )  # fmt: skip
    await store.run(tasks.create, new)
    await store.run(tasks.begin, name)
    ledger = Ledger(store)
    asked = call("ask", 0.9, task=name)
    await ledger.reserve(asked, WIDE)
    await ledger.settle(asked, ended(0.25))
    await store.run(artifacts.put, task=name, row=ArtifactRow("patch", "patch", 4, False), text="text")
    if close:
        await store.run(tasks.close, name, "done", {"summary": "done"})


async def select(store: Store, query: sa.Select[Any]) -> set[Any]:
    return set(await store.run(lambda connection: connection.execute(query).scalars().all()))


async def test_payloads_go_and_that_they_came_is_known_until_they_are_old(store: Store) -> None:
    for guid in ("a", "b"):
        await deliver(store, guid)
    await deliver(store, "open", done=False)
    while await store.run(retention.forget_payloads, FUTURE):
        pass
    empty = sa.select(delivery.c.guid).where(sa.func.length(delivery.c.payload) == 0)
    assert await select(store, empty) == {"a", "b"}
    assert await store.run(deliveries.filter_known, ["a", "b"]) == {"a", "b"}
    assert await store.run(retention.forget_deliveries, FUTURE) == 2
    assert await select(store, sa.select(delivery.c.guid)) == {"open"}


async def test_transcripts_go_and_costs_and_ends_stay(store: Store) -> None:
    await work(store, "old")
    await work(store, "running", close=False)
    assert await store.run(retention.forget_transcripts, FUTURE) == 1
    assert await store.run(retention.forget_transcripts, FUTURE) == 0
    assert await select(store, sa.select(task_event.c.task)) == {"running"}
    assert await Ledger(store).bought("old", "ask") is None
    assert await Ledger(store).bought("running", "ask") == {"text": "hi"}
    assert dollars(store, "old") == 0.25
    assert await store.run(artifacts.find, "old", "patch") is None
    kept = await store.run(tasks.get, "old")
    assert kept is not None
    assert kept.state == "done"


async def test_records_go_by_age_and_size_and_what_they_cost_stays(store: Store) -> None:
    await work(store, "old")
    await work(store, "running", close=False)
    await store.run(audit.record, "fix", allowed=True, reason="x" * 50_000)
    journal = WriteJournal(store)
    await journal.end(await journal.begin("POST", "/issues", 5), 201)
    aged = now_ms() - 100 * DAY_MS
    for table in (task, model_call):
        await store.run(lambda c, table=table: c.execute(table.update().values(created=aged)) and None)
    await store.run(lambda c: c.execute(task.update().where(task.c.id == "old").values(ended=aged)) and None)
    assert await store.run(records.find_cutoff, 1_000_000) == 0
    assert aged < await store.run(records.find_cutoff, 52_000) < now_ms() - 98 * DAY_MS, "the newest have the room"
    assert await store.run(records.find_cutoff, 10) > now_ms()

    mine = Limit(scope="person", name="mara", within="octo", period="total", ceiling=1)
    whole = [mine, *(mine.model_copy(update={"scope": each, "name": name, "within": ""}) for each, name in SCOPES)]
    before = now_ms() - 90 * DAY_MS
    assert await store.run(usage_sums.forget_calls, before) == 0, "there are no sums of them"
    for span in await store.run(usage_sums.list_due, UTC, now_ms()):
        assert await store.run(usage_sums.fold, span)
    assert await store.run(usage_sums.forget_calls, before) == 2
    assert await select(store, sa.select(model_call.c.id)) == set()
    assert await store.run(usage_sums.list_due, UTC, now_ms()) == []
    uses = await store.run(limit_uses.list_uses, whole, UTC)
    assert [use.paid for use in uses] == [use.held for use in uses] == [500_000] * len(whole)
    assert await store.run(records.list_ended, before) == ["old"]
    for forget in (records.forget_decisions, records.forget_writes):
        assert await store.run(forget, before) == 0
        assert await store.run(forget, FUTURE) == 1


async def test_what_is_recent_stays(store: Store) -> None:
    await deliver(store, "a")
    await work(store, "t")
    for forget in (retention.forget_payloads, retention.forget_deliveries, retention.forget_transcripts):
        assert await store.run(forget, now_ms() - 3_600_000) == 0


async def test_a_cutoff_is_where_the_newest_have_used_the_room(store: Store) -> None:
    for number in range(3):
        await deliver(store, str(number), size=1000)
        moment = 1_000 * number + 1_000
        change = delivery.update().where(delivery.c.guid == str(number)).values(received=moment, done=moment)
        await store.run(lambda connection, change=change: connection.execute(change) and None)
    assert await store.run(retention.find_cutoff, 10_000) == 0
    cutoff = await store.run(retention.find_cutoff, 2_500)
    assert await store.run(retention.forget_payloads, cutoff) == 1
    full = sa.select(delivery.c.guid).where(sa.func.length(delivery.c.payload) > 0)
    assert await select(store, full) == {"1", "2"}
    await work(store, "t")
    assert await store.run(retention.find_cutoff, 5) > 0, "answers and texts count too"


async def test_an_installation_that_is_gone_leaves_its_costs_alone(store: Store) -> None:
    await work(store, "theirs")
    await work(store, "other", number=8)
    await deliver(store, "a")
    await deliver(store, "b", number=8)
    await store.run(deliveries.put, [Delivery("c", "ping", b"[no json")], "me")
    await store.run(deliveries.end, [DeliveryEnd("c", None)])
    assert await store.run(retention.list_tasks_of, 7) == {"theirs": 5}
    await store.run(retention.forget_tasks, ["theirs"])
    assert await select(store, sa.select(task.c.id)) == {"other"}
    assert await select(store, sa.select(task_event.c.task)) == {"other"}
    assert await select(store, sa.select(model_call.c.task)) == {"theirs", "other"}
    assert await Ledger(store).bought("theirs", "ask") is None
    assert await store.run(retention.forget_payloads_of, 7, "") == "c"
    assert await store.run(retention.forget_payloads_of, 7, "c") is None
    empty = sa.select(delivery.c.guid).where(sa.func.length(delivery.c.payload) == 0)
    assert await select(store, empty) == {"a"}


async def test_only_removed_installations_are_forgotten(store: Store) -> None:
    for number, state in ((7, "deleted"), (8, "active")):
        row = {"id": number, "account": "octo", "state": state, "permissions": {}, "updated": 1}
        await store.run(lambda connection, row=row: connection.execute(installation.insert().values(row)) and None)
        repository = Repository(id=number, owner="octo", name="shop", installation=number)
        source = Source(
            id=f"s{number}", kind="own", name="x", repository=repository, key_hash="", secrets=("sealed",), created=1
        )  # fmt: skip
        await store.run(sources.add, source)
    assert await store.run(retention.list_gone) == [7]
    for number in (7, 8):
        await store.run(retention.forget_installation, number)
    assert await select(store, sa.select(installation.c.id)) == {8}
    assert [one.id for one in await store.run(sources.list_live)] == ["s8"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_file_gives_back_what_was_deleted(store: Store) -> None:
    """Also one that was made before files could shrink, as an upgrade does it."""
    engine = store.engine
    with engine.connect() as connection:
        connection.exec_driver_sql("pragma auto_vacuum = 0")
        connection.exec_driver_sql("vacuum")
        let_shrink(connection)
    many = [Delivery(str(number), "push", bytes(100_000), wanted=False) for number in range(100)]
    store.run_sync(deliveries.put, many, "me")
    pages = sa.text("pragma page_count")
    before = store.run_sync(lambda connection: connection.execute(pages).scalar_one())
    store.run_sync(retention.forget_payloads, FUTURE)
    while store.run_sync(retention.shrink):
        pass
    after = store.run_sync(lambda connection: connection.execute(pages).scalar_one())
    assert after < before / 2
