"""Databases for the engine's tests."""

from tests.support.databases import database, postgres, postgres_server, sqlite, store

__all__ = ["database", "postgres", "postgres_server", "sqlite", "store"]
