"""Arrange tests in an order that anybody can work out again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any


def arrange(ids: Sequence[str], order: Any) -> list[str]:
    """Return the tests of an order: a list, a seed, or None for as collected.

    By digests, not by a generator of random numbers: every Python shuffles alike.
    """
    if isinstance(order, list):
        return order
    if order is None:
        return list(ids)
    return sorted(ids, key=lambda id: hashlib.sha256(f"{order}:{id}".encode()).digest())
