"""How databases are connected to, and what reads beside what writes."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.store import audit
from bot.store.database import StoreError, create_engine
from bot.store.store import Store
from bot.store.tables import audit as audit_table
from tests.support.patience import PATIENCE
from tests.support.processes import until


@pytest.fixture
def told(postgres: str) -> str:
    """The URL of a database with an option of the operator's own."""
    return sa.make_url(postgres).update_query_dict({"keepalives_idle": "77"}).render_as_string(hide_password=False)


def test_a_network_that_falls_silent_is_noticed_before_others_take_over(told: str) -> None:
    engine = create_engine(told)
    with engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        assert driver is not None
        used = driver.info.get_parameters()
    engine.dispose()
    assert used["tcp_user_timeout"] == "25000"
    assert int(used["keepalives_interval"]) * int(used["keepalives_count"]) == 15
    assert used["keepalives_idle"] == "77", "what the operator says goes"


async def test_reading_waits_for_no_writer_and_sees_one_moment(store: Store) -> None:
    await store.run(lambda connection: audit.record(connection, "push", allowed=True, reason="first"))
    count = sa.select(sa.func.count()).select_from(audit_table)
    with store.engine.begin() as writer:
        audit.record(writer, "push", allowed=True, reason="second")
        assert await store.read(lambda connection: connection.scalar(count)) == 1
    assert await store.read(lambda connection: connection.scalar(count)) == 2
    if store.engine.dialect.name == "sqlite":
        with pytest.raises(StoreError, match="only read"):
            await store.read(audit.record, "push", allowed=True, reason="third")


async def test_a_postgresql_that_may_only_be_read_is_waited_for(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one is that fails over: before it was promoted, or after another took its place."""
    monkeypatch.setattr("bot.store.store._AGAIN_SECONDS", 0.01)
    url = sa.make_url(postgres)
    operator = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    option = f"alter database {url.database} set default_transaction_read_only = "
    with operator.connect() as connection:
        connection.execute(sa.text(f"{option} on"))
        store = Store(create_engine(postgres))
        writing = asyncio.create_task(store.run(lambda c: audit.record(c, "push", allowed=True, reason="first")))
        await until(lambda: store.waiting)
        connection.execute(sa.text(f"{option} off"))
    async with asyncio.timeout(PATIENCE):
        await writing
    store.close()
