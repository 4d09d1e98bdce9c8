"""Choose the reader of a source's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.signals import alertmanager, datadog, grafana, jenkins, own, pagerduty, sentry
from bot.signals.fields import Arrival
from bot.signals.records import Signal

Reader = Callable[[Mapping[str, Any], Arrival], tuple[Signal, ...]]
READERS: dict[str, Reader] = {
    "alertmanager": alertmanager.read,
    "grafana": grafana.read,
    "sentry": sentry.read,
    "datadog": datadog.read,
    "pagerduty": pagerduty.read,
    "jenkins": jenkins.read,
    "own": own.read,
}
