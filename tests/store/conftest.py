"""Databases for the store's tests."""

from tests.support.databases import database, postgres_server, store

__all__ = ["database", "postgres_server", "store"]
