"""The inbox and the audit trail on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.doors.webhook.inbox import Inbox
from bot.store import audit, deliveries
from bot.store.deliveries import Delivery
from bot.store.store import Store
from bot.store.tables import audit as audit_table
from bot.store.tables import delivery
from tests.support.door import list_open


async def test_open_done_failed_and_again(store: Store) -> None:
    inbox = Inbox(store)
    taken = await asyncio.gather(*(inbox.put(Delivery(f"g{n % 4}", "push", b"{}", wanted=n != 3)) for n in range(8)))
    assert sum(taken) == 4, "each GUID once, however often it came"
    await inbox.end("g0", None)
    await inbox.end("g1", "it broke")
    assert await store.run(list_open) == ["g2"]
    depth = await store.run(deliveries.measure_depth)
    assert (depth.open, depth.failed) == (1, 1)
    assert await store.run(lambda connection: deliveries.filter_known(connection, ["g0", "g1", "g9"])) == {"g0"}
    failed = sa.select(delivery.c.guid, delivery.c.error).where(delivery.c.error.is_not(None))
    assert await store.run(lambda c: [tuple(row) for row in c.execute(failed)]) == [("g1", "it broke")]
    assert not await inbox.put(Delivery("g0", "push", b"{}"))
    assert await inbox.put(Delivery("g1", "push", b'{"again": 1}'))
    assert sorted(await store.run(list_open)) == ["g1", "g2"]
    again = await store.run(lambda connection: deliveries.load(connection, "g1"))
    assert again == Delivery("g1", "push", b'{"again": 1}', received=again.received)
    inbox.close()


async def test_two_processes_store_a_delivery_once(store: Store) -> None:
    first, second = Inbox(store), Inbox(store)
    guids = [f"g{n}" for n in range(200)]
    copies = [box.put(Delivery(guid, "push", b"{}")) for guid in guids for box in (first, second)]
    await asyncio.gather(*copies)
    assert sorted(await store.run(list_open)) == sorted(guids)
    first.close()
    second.close()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_what_a_dead_process_held_goes_to_one_of_the_others(store: Store) -> None:
    for owner in ("dead", "alive"):
        inbox = Inbox(store, owner)
        await asyncio.gather(*(inbox.put(Delivery(f"{owner}-{n}", "push", b"{}")) for n in range(9)))
        inbox.close()
    old = sa.update(delivery).where(delivery.c.guid == "alive-1").values(owner=None)
    await store.run(lambda connection: connection.execute(old))
    assert await store.run(deliveries.list_owners) == {"dead", "alive", None}
    taken = await asyncio.gather(
        *(store.run(lambda connection, to=to: deliveries.adopt(connection, {"dead"}, to)) for to in ("one", "two"))
    )
    assert sorted([*taken[0], *taken[1]]) == [f"dead-{n}" for n in range(9)], "each once"
    assert await store.run(lambda connection: deliveries.adopt(connection, {None}, "one")) == ["alive-1"]


async def test_closing_writes_what_waits(store: Store) -> None:
    inbox = Inbox(store)
    waiting = [asyncio.ensure_future(inbox.put(Delivery(f"g{n}", "push", b"{}"))) for n in range(600)]
    await asyncio.sleep(0)
    inbox.close()
    assert all(await asyncio.gather(*waiting))
    assert (await store.run(deliveries.measure_depth)).open == 600


async def test_audit_rows_are_kept_in_order(store: Store) -> None:
    await store.run(
        lambda c: audit.record(c, "fix", allowed=False, reason="read only", actor="ann", repository="octo/a")
    )
    await store.run(lambda c: audit.record(c, "push", allowed=True, reason="done", task="t", repository="octo/b"))
    columns = ("action", "allowed", "actor", "reason", "task", "repository")
    query = sa.select(*(audit_table.c[name] for name in columns)).order_by(audit_table.c.id)
    assert await store.run(lambda c: [tuple(row) for row in c.execute(query)]) == [
        ("fix", False, "ann", "read only", None, "octo/a"),
        ("push", True, None, "done", "t", "octo/b"),
    ]
