"""Keep the attempts to deliver webhooks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simhub.model.apps import App


@dataclass(eq=False)
class Delivery:
    """One attempt to deliver a webhook. Redeliveries are further records under the same ``guid``."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    url: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    delivered_at: datetime
    redelivery: bool = False
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""
