"""A lease: one holder, free again when that one lets go or its connection dies."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.store.database import StoreError, create_engine
from bot.store.lease import Lease
from bot.store.store import Store


async def test_one_process_at_a_time_holds_a_lease(store: Store) -> None:
    shared = store.engine.dialect.name == "postgresql"
    url = store.engine.url.render_as_string(hide_password=False)
    other = Store(create_engine(url))
    first, second = Lease(store, 77), Lease(other, 77)
    assert await first.take()
    await first.confirm()
    if shared:
        assert not await second.take()
        assert await Lease(other, 78).take()
        ends = sa.text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objid = 77")
        store.run_sync(lambda connection: connection.execute(ends))
        with pytest.raises(StoreError, match="held the lease"):
            await first.confirm()
    else:
        await first.release()
    assert await second.take()
    assert await first.take() is not shared
    await second.release()
    assert await first.take()
    await first.release()
    other.close()
