"""Databases for the engine's tests, and its log in plain lines: drawn tracebacks take seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
import structlog

from bot.store.database import create_engine
from bot.store.store import Store
from tests.engine.harness import Harness, launched
from tests.support.databases import new_sqlite


@pytest.fixture(autouse=True, scope="package")
def _plain_log() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
    yield
    structlog.configure(**before)


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["inline", "dbos"])
async def harness(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Harness]:
    """Both adapters, launched once a module."""
    store = Store(create_engine(new_sqlite(tmp_path_factory.mktemp("laws") / "forgehand.db")))
    async with launched(request.param, store) as harness:
        yield harness
    store.close()
