"""Workers that count as dead, and those that say so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import sqlalchemy as sa

from bot.engine.failover import Heartbeat
from bot.store.store import Store
from bot.store.tables import heartbeat
from tests.support.processes import until

LOCKS = sa.text("select count(*) from pg_locks where locktype = 'advisory' and pid = :pid")


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_late_beat_is_death_to_others_only(store: Store) -> None:
    one, two = Heartbeat("one", ttl=0), Heartbeat("two", ttl=3600)
    for heart in (one, two):
        store.run_sync(heart.beat)
    names = ["one", "two", "never seen"]
    assert store.run_sync(lambda connection: one.dead(connection, names)) == {"two", "never seen"}
    assert store.run_sync(lambda connection: two.dead(connection, names)) == {"never seen"}


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
@pytest.mark.parametrize("hours", [-5, 5])
def test_the_databases_clock_may_be_set(store: Store, hours: int) -> None:
    """What was beaten in the future or long ago, by a clock that was wrong, is a beat like any other."""
    one, two = Heartbeat("one", ttl=3600), Heartbeat("two", ttl=0)
    store.run_sync(one.beat)
    moved = sa.update(heartbeat).values(seen=heartbeat.c.seen + hours * 3_600_000)
    store.run_sync(lambda connection: connection.execute(moved))
    assert store.run_sync(lambda connection: one.dead(connection, ["two"])) == {"two"}
    store.run_sync(two.beat)
    assert store.run_sync(lambda connection: one.dead(connection, ["one", "two"])) == set()
    assert store.run_sync(lambda connection: two.dead(connection, ["one"])) == {"one"}


@asynccontextmanager
async def tied(store: Store, heart: Heartbeat) -> AsyncIterator[None]:
    """A connection that ends with the process whose heart it is."""
    with store.engine.connect() as connection:
        connection.detach()
        heart.tie(connection)
        pid = connection.scalar(sa.text("select pg_backend_pid()"))
        yield
    # PostgreSQL needs a moment to end a connection
    await until(lambda: not store.run_sync(lambda connection: connection.scalar(LOCKS, {"pid": pid})))


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_whose_connection_has_ended_is_dead_sooner_unless_ours_ended_too(store: Store) -> None:
    now = 0.0
    one, two = (Heartbeat(name, ttl=30, clock=lambda: now) for name in ("one", "two"))
    store.run_sync(two.beat)

    def dead(*looks: float) -> list[set[str]]:
        nonlocal now
        found = []
        for now in looks:  # noqa: B007 - the clock
            found.append(store.run_sync(lambda connection: one.dead(connection, ["two"])))
        return found

    async with AsyncExitStack() as ours:
        await ours.enter_async_context(tied(store, one))
        async with tied(store, two):
            assert dead(0, 10, 20, 29) == [set()] * 4
            assert dead(31) == [{"two"}]
            store.run_sync(two.beat)
            assert dead(32) == [set()]
        assert dead(41, 43) == [set(), {"two"}], "its connection has ended, and it is silent"
        store.run_sync(two.beat)
        assert dead(44) == [set()]
        await ours.aclose()
        assert dead(56, 60) == [set()] * 2, "the database was away, for all"
    async with tied(store, one):
        assert dead(61) == [set()]
        assert dead(100) == [set()], "nobody listened"
