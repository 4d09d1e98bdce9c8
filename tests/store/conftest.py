"""Databases for the store's tests."""

from tests.support.databases import database, postgres_server, sqlite, store

__all__ = ["database", "postgres_server", "sqlite", "store"]
