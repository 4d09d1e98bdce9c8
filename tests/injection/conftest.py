"""Stories of injections are told as all others are."""

from __future__ import annotations

from tests.doors.conftest import story
from tests.e2e.conftest import tell

__all__ = ["story", "tell"]
