"""Convert between dollars, as people write them, and the whole millionths that are counted."""

from __future__ import annotations

import math

_MILLION = 1_000_000


def micro_dollars(dollars: float) -> int:
    """Return an amount in millionths of a dollar, rounded up."""
    return math.ceil(round(dollars * _MILLION, 3))


def to_dollars(micro: int) -> float:
    """Return millionths of a dollar in dollars, to be shown."""
    return micro / _MILLION


def exactly(micro: int) -> str:
    """Format an amount with the cents that it has: ``$0.50``, ``$0.000012``."""
    whole, rest = divmod(abs(micro), _MILLION)
    digits = f"{rest:06d}"
    return f"{'-' if micro < 0 else ''}${whole}.{digits[:2]}{digits[2:].rstrip('0')}"
