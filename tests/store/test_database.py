"""How a PostgreSQL server is connected to."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.store.database import create_engine


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
