"""Figures as strangers write them: bounded names, finite numbers, and a reason for whatever is not taken."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_core import from_json

from bot.signals import own
from bot.signals.fields import Arrival
from bot.signals.figures import read_figures

RECEIVED = 1_764_410_460_000
TOLD: dict[str, Any] = {
    "kind": "figures",
    "environment": "production",
    "service": "shop",
    "from": "2025-11-29T10:00:00Z",
    "to": RECEIVED // 1000,
    "figures": {"latency_p95_ms": 210, "error_rate": 0.002},
}


def test_figures_are_taken_and_are_no_signal_of_trouble() -> None:
    alert = {"kind": "alert_firing", "title": "Down"}
    (one,), problems = read_figures({"signals": [alert, TOLD, "figures", None]}, RECEIVED)
    assert problems == ()
    assert (one.started, one.ended, one.deployment) == (RECEIVED - 60_000, RECEIVED, None)
    assert one.numbers == {"latency_p95_ms": 210.0, "error_rate": 0.002}
    assert read_figures(alert, RECEIVED) == ((), ())
    assert own.read(TOLD, Arrival("ours", "d", RECEIVED)) == ()
    assert len(read_figures({"signals": [TOLD] * 200}, RECEIVED)[0]) == 100


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": "Figures"}, "`title` is not known"),
        ({"x" * 9_000: 1}, "is not known"),
        ({"figures": {"p99": 4}}, "`p99` is not known; cpu, error_rate"),
        ({"figures": {}}, "must hold some of"),
        ({"figures": [210]}, "must hold some of"),
        ({"figures": {"cpu": True}}, "`cpu` must be a number from 0 to 1."),
        ({"figures": {"cpu": "0.5"}}, "from 0 to 1."),
        ({"figures": {"cpu": -0.1}}, "from 0 to 1."),
        ({"figures": {"error_rate": 2}}, "from 0 to 1."),
        ({"figures": from_json('{"latency_p50_ms": NaN}')}, "from 0 to 86400000."),
        ({"figures": from_json('{"latency_p50_ms": Infinity}')}, "from 0 to"),
        ({"figures": {"requests_per_second": 10**400}}, "from 0 to"),
        ({"environment": ""}, "`environment` must be a name"),
        ({"environment": {"a": 1}}, "`environment` must be a name"),
        ({"service": "s" * 101}, "`service` must be a name of at most 100"),
        ({"from": None}, "`from` must be ISO 8601"),
        ({"to": "soon"}, "`to` must be ISO 8601"),
        ({"to": TOLD["from"]}, "between a second and a day apart"),
        ({"from": "2025-11-27T10:00:00Z"}, "between a second and a day apart"),
        ({"to": RECEIVED // 1000 + 301}, "within the last day"),
        ({"from": 1_764_300_000, "to": 1_764_310_000}, "within the last day"),
    ],
)
def test_what_is_not_taken_has_a_reason(change: dict[str, Any], reason: str) -> None:
    taken, (problem,) = read_figures({"signals": [TOLD | change]}, RECEIVED)
    assert taken == ()
    assert reason in problem
    assert len(problem) < 250
