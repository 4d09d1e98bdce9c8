"""Workers that count as dead, and those that say so."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.engine.failover import Heartbeat
from bot.store.store import Store
from bot.store.tables import heartbeat


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
