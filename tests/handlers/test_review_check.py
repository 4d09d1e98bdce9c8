"""The check run of a review is there once, whoever shows it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from bot.store.database import create_engine
from bot.store.lease import Turns
from bot.store.store import Store
from handlers.review.check_run import CHECK_NAME, show
from tests.engine.harness import store_task
from tests.github.conftest import World, world

__all__ = ["world"]


async def test_a_delivery_that_is_handled_again_beside_its_task_shows_it_once(world: World, store: Store) -> None:
    """The task was begun by another server, which there can be on PostgreSQL only; both are asked twice."""
    url = store.engine.url.render_as_string(hide_password=False)
    shared = store.engine.dialect.name == "postgresql"
    stores = [store, *([Store(create_engine(url))] if shared else [])]
    place = world.hub.repository(f"{world.repository.owner}/{world.repository.name}")
    head = (await world.hub.git(place).refs("refs/heads/"))["refs/heads/main"]
    await store_task(store, "t1", "review", repository=world.repository.full_name)
    task: Any = SimpleNamespace(repository=world.repository, number=1)
    servers: list[Any] = [SimpleNamespace(store=one, turns=Turns(one), github=world.connect()) for one in stores]
    await asyncio.gather(*(show(one, task, "t1", head, base="main") for one in servers * 2))
    for one in stores[1:]:
        one.close()
    names = [run.name for suite in place.suites for run in suite.runs]
    assert names == [CHECK_NAME]
