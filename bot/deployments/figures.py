"""Compare a deployment's figures with those of the one before, and say what growing load does, by code alone.

Each figure of a deployment is the median of its newest windows, so that one bad minute says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pydantic import Field

from bot.store.deployments import Deployed
from bot.store.figures import Figures
from bot.types import JsonModel

SUMMED = 12
"""Windows that a deployment's figures are the medians of, its newest."""
RECENT = 3
"""Windows that are the load of now."""
BASE = 12
"""Windows before them that are needed to know what was usual."""
GROWN = 1.5
"""Times the usual requests at which load counts as grown."""
SLOWER = 1.5
"""Times the usual p95 at which it counts as slower."""
WORSE, FAILING = 2.0, 0.01
"""Times the usual errors, and the least rate, at which they count as more."""
TIGHT = 0.8
"""Share of CPU or memory from which little is left."""
_SHORT = {
    "latency_p50_ms": "p50",
    "latency_p95_ms": "p95",
    "error_rate": "errors",
    "requests_per_second": "requests",
    "cpu": "CPU",
    "memory": "memory",
}


class ServiceFigures(JsonModel):
    """Figures of a service since a deployment, beside those before it."""

    service: str
    windows: int  # that ``now`` is of
    now: dict[str, float]
    earlier: int | None = None  # the deployment that ``before`` is of
    before: dict[str, float] = Field(default_factory=dict)
    change: str = ""  # both in a line
    advice: str = ""  # where load grew and is not carried as before


def find_deployment(history: Sequence[Deployed], started: int, ended: int) -> int | None:
    """Return the deployment that was live in all of a window.

    None where none is known, or another one succeeded meanwhile.
    """
    good = [(one.good, one.id) for one in history if one.good is not None and one.good < ended]
    newest = max(good, default=None)
    return newest[1] if newest is not None and newest[0] <= started else None


def describe(
    service: str, deployed: Deployed, history: Sequence[Deployed], windows: Sequence[Figures]
) -> ServiceFigures | None:
    """Describe a service since a deployment; None where nothing was reported.

    ``windows`` are the service's, newest first.
    """
    mine = [one for one in windows if one.deployment == deployed.id]
    if not mine:
        return None
    now = _sum_up(mine)
    goods = {one.id: one.good for one in history if one.good is not None}
    told = {one.deployment for one in windows if one.deployment is not None}
    since = deployed.good or 0
    older = [(good, number) for number, good in goods.items() if number in told and good < since]
    advice = advise_load(windows)
    earlier = max(older)[1] if older else None
    before = _sum_up([one for one in windows if earlier is not None and one.deployment == earlier])
    change = _tell_change(before, now)
    if change:
        change += f" since deployment {deployed.id} (before it {earlier})"
    count = min(len(mine), SUMMED)
    return ServiceFigures(
        service=service, windows=count, now=now, earlier=earlier, before=before, change=change, advice=advice
    )


def advise_load(windows: Sequence[Figures]) -> str:
    """Say what a grown load does to a service, else "".

    ``windows`` are newest first. Nothing is said while load is usual, latency and errors keep up and there is room.
    """
    recent, base = windows[:RECENT], windows[RECENT:]
    now, usual = _sum_up(recent), _sum_up(base, most=len(base))
    load = _measure_growth(usual, now, "requests_per_second")
    if len(base) < BASE or load is None or load < GROWN:
        return ""
    tight = [
        f"{_SHORT[name]} is at {_show(name, now[name])}" for name in ("cpu", "memory") if now.get(name, 0) >= TIGHT
    ]
    grew = f"requests grew {load:.1f}x ({_show_both('requests_per_second', usual, now)})"
    worse = _list_worse(usual, now)
    if worse:
        rest = f"; {' and '.join(tight)}" if tight else ""
        said = f"{grew} while {' and '.join(worse)}: this load is not carried as the earlier one was{rest}"
    elif tight:
        said = f"{grew}; p95 and errors are not worse as far as told, but {' and '.join(tight)}, so little is left"
    else:
        return ""
    between = {one.deployment for one in recent} - {one.deployment for one in base}
    return said + ("; the deployment is new as well, so it may be that" if between else "")


def _list_worse(usual: dict[str, float], now: dict[str, float]) -> list[str]:
    """List what is worse than usual: latency, errors."""
    found = []
    slower = _measure_growth(usual, now, "latency_p95_ms")
    if slower is not None and slower >= SLOWER:
        found.append(f"p95 grew {slower:.1f}x ({_show_both('latency_p95_ms', usual, now)})")
    errors = now.get("error_rate", 0.0)
    if "error_rate" in usual and errors >= max(FAILING, WORSE * usual["error_rate"]):
        found.append(f"errors grew ({_show_both('error_rate', usual, now)})")
    return found


def _measure_growth(usual: dict[str, float], now: dict[str, float], name: str) -> float | None:
    before = usual.get(name, 0.0)
    return now[name] / before if before > 0 and name in now else None


def _sum_up(windows: Sequence[Figures], most: int = SUMMED) -> dict[str, float]:
    """Return the median of each figure in the newest windows."""
    newest = windows[:most]
    numbers = {name: [one.numbers[name] for one in newest if name in one.numbers] for name in _SHORT}
    return {name: median(values) for name, values in numbers.items() if values}


def _tell_change(before: dict[str, float], now: dict[str, float]) -> str:
    both = [name for name in _SHORT if name in before and name in now]
    return ", ".join(f"{_SHORT[name]} {_show_both(name, before, now)}" for name in both)


def _show_both(name: str, before: dict[str, float], now: dict[str, float]) -> str:
    return f"{_show(name, before[name])} -> {_show(name, now[name])}"


def _show(name: str, value: float) -> str:
    if name.endswith("_ms"):
        return f"{_trim(value)} ms"
    return f"{_trim(value)}/s" if name == "requests_per_second" else f"{_trim(value * 100)} %"


def _trim(value: float) -> str:
    """Show three digits, or all before the point."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
