"""Workers that count as dead, and those that say so."""

from __future__ import annotations

import pytest

from bot.engine.failover import Heartbeat
from bot.store.store import Store


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_late_beat_is_death_to_others_only(store: Store) -> None:
    one, two = Heartbeat("one", ttl=0), Heartbeat("two", ttl=3600)
    for heart in (one, two):
        store.run_sync(heart.beat)
    names = ["one", "two", "never seen"]
    assert store.run_sync(lambda connection: one.dead(connection, names)) == {"two", "never seen"}
    assert store.run_sync(lambda connection: two.dead(connection, names)) == {"never seen"}
