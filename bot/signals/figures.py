"""Read figures of a deployment in our own format: numbers of a service in a window of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.signals.fields import AHEAD_MS, clean_line, find, find_list, find_map, parse_moment, raw_text
from bot.store.figures import Figures

_MOST = 100  # of one body, other signals included
_NAME = 100  # characters of a service's or an environment's name
_SHORTEST, _LONGEST = 1_000, 86_400_000  # ms of a window
_OLDEST = 86_400_000
_KEYS = {"kind", "environment", "service", "from", "to", "figures"}
LIMITS = {
    "latency_p50_ms": 86_400_000.0,
    "latency_p95_ms": 86_400_000.0,
    "error_rate": 1.0,
    "requests_per_second": 1e9,
    "cpu": 1.0,
    "memory": 1.0,
}
"""The names of figures, and the largest value of each; the least is 0."""


class _WrongFiguresError(Exception):
    """Figures that are not taken, with the reason in words."""


def read_figures(body: Mapping[str, Any], received: int) -> tuple[tuple[Figures, ...], tuple[str, ...]]:
    """Return the figures of a body, and in words what was not taken.

    ``received`` is in ms. No window is longer than a day, nor did it end more than a day before or in the future.
    """
    listed = (find_list(body, "signals") or [body])[:_MOST]
    taken: list[Figures] = []
    problems: list[str] = []
    for said in listed:
        if find(said, "kind") != "figures":
            continue
        try:
            taken.append(_read_one(said, received))
        except _WrongFiguresError as problem:
            problems.append(str(problem))
    return tuple(taken), tuple(problems)


def _read_one(said: Mapping[str, Any], received: int) -> Figures:
    _refuse_unknown(said, _KEYS)
    started, ended = (_read_end(said, name) for name in ("from", "to"))
    if not _SHORTEST <= ended - started <= _LONGEST:
        raise _WrongFiguresError("`from` and `to` must be between a second and a day apart.")
    if not received - _OLDEST <= ended <= received + AHEAD_MS:
        raise _WrongFiguresError("`to` must lie within the last day.")
    return Figures(
        environment=_read_name(said, "environment"),
        service=_read_name(said, "service"),
        started=started,
        ended=ended,
        numbers=_read_numbers(find_map(said, "figures")),
    )


def _read_numbers(said: Mapping[str, Any]) -> dict[str, float]:
    _refuse_unknown(said, LIMITS)
    if not said:
        raise _WrongFiguresError(f"`figures` must hold some of {', '.join(LIMITS)}.")
    for name, value in said.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= LIMITS[name]:  # false for what is not finite, too
            raise _WrongFiguresError(f"`{name}` must be a number from 0 to {LIMITS[name]:.10g}.")
    return {name: float(value) for name, value in said.items()}


def _refuse_unknown(said: Mapping[str, Any], known: Mapping[str, Any] | set[str]) -> None:
    unknown = sorted(name for name in said if name not in known)
    if unknown:
        raise _WrongFiguresError(f"`{clean_line(unknown[0], 50)}` is not known; {', '.join(sorted(known))} are.")


def _read_name(said: Mapping[str, Any], key: str) -> str:
    text = raw_text(find(said, key))
    name = clean_line(text, _NAME)
    if not name or len(text) > _NAME:
        raise _WrongFiguresError(f"`{key}` must be a name of at most {_NAME} characters.")
    return name


def _read_end(said: Mapping[str, Any], key: str) -> int:
    moment = parse_moment(find(said, key))
    if moment is None:
        raise _WrongFiguresError(f"`{key}` must be ISO 8601, or seconds since 1970.")
    return moment
