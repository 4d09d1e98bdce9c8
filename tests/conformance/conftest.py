"""Clients we did not write play on the same stage, under the same check against GitHub's description."""

from __future__ import annotations

from tests.simhub.conftest import at

__all__ = ["at"]
