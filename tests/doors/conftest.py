"""Both databases, for the inbox."""

from __future__ import annotations

from tests.support.databases import database, postgres_server, store

__all__ = ["database", "postgres_server", "store"]
