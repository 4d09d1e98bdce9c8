"""Stories of injections are told as all others are."""

from __future__ import annotations

from tests.e2e.conftest import tell

__all__ = ["tell"]
