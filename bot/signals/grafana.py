"""Read what Grafana's webhook contact point posts: Alertmanager's shape, and values beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.signals.alerts import read_alerts
from bot.signals.fields import Arrival
from bot.signals.records import Signal


def read(body: Mapping[str, Any], arrival: Arrival) -> tuple[Signal, ...]:
    """Return a signal for each alert of a group."""
    return read_alerts("grafana", body, arrival)
