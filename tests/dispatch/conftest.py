"""Databases for the reporter's tests."""

from tests.support.databases import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]
