"""Read what a payload holds.

What is not of the kind that GitHub documents counts as missing.
"""

from __future__ import annotations

from typing import Any

_LARGEST = 2**63 - 1  # what databases hold


def read_part(data: Any, *names: str) -> dict[str, Any]:
    """Return the object under these names, one inside the other, or {}."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data if isinstance(data, dict) else {}


def read_text(data: Any, name: str) -> str:
    """Return a text, "" if there is none; no NUL: PostgreSQL holds none."""
    value = read_part({"": data}, "").get(name)
    return value.replace("\0", "") if isinstance(value, str) else ""


def read_number(data: Any, name: str, largest: int = _LARGEST) -> int | None:
    """Return a positive number, if there is one."""
    value = read_part({"": data}, "").get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= largest else None
