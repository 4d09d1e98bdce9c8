"""Write moments and ids as GitHub does."""

from __future__ import annotations

import base64
from datetime import UTC, datetime


def iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def node_id(prefix: str, number: int) -> str:
    return f"{prefix}_{base64.urlsafe_b64encode(f'0:{prefix}{number}'.encode()).decode().rstrip('=')}"
