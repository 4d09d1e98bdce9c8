"""A server to type at."""

from __future__ import annotations

from tests.doors.conftest import story

__all__ = ["story"]
