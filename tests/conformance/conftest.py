"""Clients we did not write play on the same stage, under the same check against GitHub's description."""

from __future__ import annotations

from tests.simhub.conftest import at, witness

__all__ = ["at", "witness"]
