"""A token of GitHub Actions is used once, whatever process is shown it."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa

from bot.store import used_tokens
from bot.store.database import create_engine, now_ms
from bot.store.store import Store
from bot.store.tables import used_token

HOUR_MS = 3_600_000


async def use(store: Store, jti: str, expires: int, issuer: str = "https://a") -> bool:
    return await store.run(lambda connection: used_tokens.use(connection, issuer, jti, expires))


async def test_of_two_processes_one_may_use_a_token(database: str) -> None:
    stores = [Store(create_engine(database)) for _ in range(2)]
    later = now_ms() + HOUR_MS
    try:
        for number in range(20):
            both = await asyncio.gather(*(use(each, f"token-{number}", later) for each in stores))
            assert sorted(both) == [False, True]
        assert await use(stores[0], "token-0", later, "https://b"), "another issuer's is another token"
    finally:
        for each in stores:
            each.close()


async def test_what_nobody_would_take_any_more_is_forgotten(store: Store) -> None:
    now = now_ms()
    for jti, expires in (("old", now - 2 * HOUR_MS), ("recent", now - HOUR_MS // 2), ("new", now + HOUR_MS)):
        assert await use(store, jti, expires)
    kept = await store.run(lambda connection: set(connection.execute(sa.select(used_token.c.jti)).scalars()))
    assert kept == {"recent", "new"}
    assert not await use(store, "recent", now + HOUR_MS)
