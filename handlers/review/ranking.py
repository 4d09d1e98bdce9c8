"""Rank findings: which go inline, which are folded, which are not listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.github.text.anchors import Anchor
from bot.pulls.records import RISK_RANK, SEVERITY_RANK, PlacedFinding, Risk

# Nobody reads a summary of more; it only says how many more there are.
_FOLDED = 20


def rank_findings(settled: Sequence[PlacedFinding], risks: Mapping[str, Risk]) -> tuple[PlacedFinding, ...]:
    """Sort by severity, then whether it is proved, its file's risk, place."""
    return tuple(sorted(settled, key=lambda one: weigh(one, risks)))


def split(ranked: Sequence[PlacedFinding], most: int) -> tuple[tuple[PlacedFinding, ...], tuple[PlacedFinding, ...]]:
    """Split into at most ``most`` proved inline comments, and what to fold."""
    fit = [one for one in ranked if one.proved and one.anchor is not None and one.finding.severity != "nit"]
    inline = merge_places(fit)[:most]
    taken = {one.anchor for one in inline}
    return inline, tuple(one for one in ranked if one not in fit or one.anchor not in taken)[:_FOLDED]


def merge_places(ranked: Sequence[PlacedFinding]) -> tuple[PlacedFinding, ...]:
    """Merge findings at one place; the first's suggestion must cure all."""
    groups: dict[Anchor, list[PlacedFinding]] = {}
    for one in ranked:
        if one.anchor is not None:
            groups.setdefault(one.anchor, []).append(one)
    return tuple(_merge(first, others) for first, *others in groups.values())


def _merge(first: PlacedFinding, others: Sequence[PlacedFinding]) -> PlacedFinding:
    if not others:
        return first
    cures_all = len({one.finding.suggestion for one in (first, *others)}) == 1
    finding = first.finding if cures_all else first.finding.model_copy(update={"suggestion": None})
    return first.model_copy(update={"finding": finding, "also": tuple(others)})


def weigh(one: PlacedFinding, risks: Mapping[str, Risk]) -> tuple[int, bool, int, str, int]:
    """Return the sort key of a finding; the most important come first."""
    finding = one.finding
    risk = RISK_RANK[risks.get(finding.path, "low")]
    return SEVERITY_RANK[finding.severity], not one.proved, risk, finding.path, finding.line or 0
