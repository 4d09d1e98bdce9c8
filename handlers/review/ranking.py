"""Ranking: what is said inline, what is folded, what is not said. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.pulls.records import Risk, Settled, Severity

_SEVERITY: dict[Severity, int] = {"blocker": 0, "bug": 1, "risk": 2, "nit": 3}
_RISK: dict[Risk, int] = {"high": 0, "medium": 1, "low": 2}
_FOLDED = 20


def ordered(settled: Sequence[Settled], risks: dict[str, Risk]) -> tuple[Settled, ...]:
    """Most important first: severity, then whether it is proved, then the risk of its file, then its place."""
    return tuple(sorted(settled, key=lambda one: weight(one, risks)))


def split(ranked: Sequence[Settled], most: int) -> tuple[tuple[Settled, ...], tuple[Settled, ...]]:
    """At most ``most`` for inline comments: proved, on a line of the diff, more than a nit; the rest to fold."""
    inline = [one for one in ranked if one.proved and one.anchor is not None and one.finding.severity != "nit"][:most]
    return tuple(inline), tuple(one for one in ranked if one not in inline)[:_FOLDED]


def weight(one: Settled, risks: dict[str, Risk]) -> tuple[int, bool, int, str, int]:
    """What findings are sorted by: the less, the more important."""
    finding = one.finding
    risk = _RISK[risks.get(finding.path, "low")]
    return _SEVERITY[finding.severity], not one.proved, risk, finding.path, finding.line or 0
