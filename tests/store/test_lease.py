"""A lease: one holder, free again when that one lets go or its connection dies."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.store.database import StoreError, create_engine
from bot.store.lease import Lease
from bot.store.store import Store
from tests.support.patience import PATIENCE


async def test_one_process_at_a_time_holds_a_lease(store: Store) -> None:
    shared = store.engine.dialect.name == "postgresql"
    url = store.engine.url.render_as_string(hide_password=False)
    other = Store(create_engine(url))
    first, second = Lease(store, 77), Lease(other, 77)
    assert await first.take()
    await first.confirm()
    if shared:
        assert not await second.take()
        assert not await second.take()
        assert await Lease(other, 78).take()
        ends = sa.text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 77")
        store.run_sync(lambda connection: connection.execute(ends))
        with pytest.raises(StoreError, match="held the lease"):
            await first.confirm()
    else:
        await first.release()
    await taken(second)
    assert await first.take() is not shared
    await second.release()
    await taken(first)
    await first.release()
    other.close()


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_a_holder_that_is_frozen_loses_its_lease(store: Store) -> None:
    holder, waiting, patient = (Lease(store, 79, patience=seconds) for seconds in (0, 0, 3600))
    assert await holder.take()
    assert not await patient.take()
    assert not await waiting.take(), "it has seen the holder for the first time"
    await holder.confirm()
    assert not await waiting.take(), "it has seen the holder at work"
    assert not await patient.take()
    assert not await waiting.take(), "the holder was silent, and its connection is ended"
    await taken(waiting)
    with pytest.raises(StoreError, match="held the lease"):
        await holder.confirm()
    await waiting.release()


async def taken(lease: Lease) -> None:
    """PostgreSQL needs a moment to end a connection."""
    async with asyncio.timeout(PATIENCE):
        while not await lease.take():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_who_waits_while_its_connection_ends_waits_on(store: Store) -> None:
    holder, waiting = Lease(store, 80), Lease(store, 80)
    assert await holder.take()
    assert not await waiting.take()
    ends = sa.text(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query like :q"
    )
    store.run_sync(lambda connection: connection.execute(ends, {"q": "%pg_locks%"}))
    with pytest.raises(sa.exc.OperationalError):
        await waiting.take()
    assert not await waiting.take()
    await holder.release()
    await taken(waiting)
    await waiting.release()
