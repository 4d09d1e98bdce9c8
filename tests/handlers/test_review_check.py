"""The check run of a review is there once, whoever shows it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from handlers.review.check_run import CHECK_NAME, show
from tests.engine.harness import store_task
from tests.github.conftest import World, world
from tests.support.models import new_store

__all__ = ["world"]


async def test_a_delivery_that_is_handled_again_beside_its_task_shows_it_once(world: World, tmp_path: Path) -> None:
    store = new_store(tmp_path)
    place = world.hub.repository(f"{world.repository.owner}/{world.repository.name}")
    head = (await world.hub.git(place).refs("refs/heads/"))["refs/heads/main"]
    await store_task(store, "t1", "review", repository=world.repository.full_name)
    services: Any = SimpleNamespace(store=store, github=world.connect())
    task: Any = SimpleNamespace(repository=world.repository, number=1)
    await asyncio.gather(*(show(services, task, "t1", head, base="main") for _ in range(2)))
    store.close()
    names = [run.name for suite in place.suites for run in suite.runs]
    assert names == [CHECK_NAME]
