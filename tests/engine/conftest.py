"""Databases for the engine's tests, and its log in plain lines: drawn tracebacks take seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from tests.support.databases import database, postgres, postgres_server, sqlite, store

__all__ = ["database", "postgres", "postgres_server", "sqlite", "store"]


@pytest.fixture(autouse=True, scope="package")
def _plain_log() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()])
    yield
    structlog.configure(**before)
