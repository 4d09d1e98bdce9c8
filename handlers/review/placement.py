"""Place findings on the change, by code and not by a model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from bot.analysis.records import StaticFinding
from bot.github.text.diffs import FileDiff, Side
from bot.pulls import places
from bot.pulls.fingerprints import Identity, identify, is_same_finding, symbol_at
from bot.pulls.records import SEVERITY_RANK, Finding, PlacedFinding, Severity
from bot.pulls.similarity import NEAR, measure_similarity, read_wordings

_SEVERITIES: dict[str, Severity] = {"error": "bug", "warning": "risk", "note": "nit"}
_SECURITY = ("bandit", "detect-secrets", "zizmor")

_OF_A_RULE = 3
_OF_TOOLS = 30

Texts = Mapping[str, str]


def place_finding(finding: Finding, diffs: Mapping[str, FileDiff], head: Texts, base: Texts) -> PlacedFinding | None:
    """Place a finding where its quote stands; None where it is invented.

    A finding whose path is wrong moves to the one changed file that has its quote. ``head`` and ``base`` hold the texts
    of the changed files by their new paths. It parses files: call it in a thread.
    """
    finding = finding.model_copy(update={"path": finding.path.removeprefix("./")})
    if finding.path in diffs:
        found = _place_in_file(finding, diffs[finding.path], head, base, exact=False)
        if found is not None:
            return found
    others = (diff for path, diff in diffs.items() if path != finding.path)
    moved = [found for diff in others if (found := _place_in_file(finding, diff, head, base, exact=True)) is not None]
    return moved[0] if len(moved) == 1 else None


def place_tool_finding(found: StaticFinding, diffs: Mapping[str, FileDiff], head: Texts) -> PlacedFinding:
    """Place an analyser's finding on its line. Call it in a thread."""
    lines = head.get(found.path, "").replace("\r\n", "\n").split("\n")
    finding = Finding(
        path=found.path,
        quote="\n".join(lines[found.line - 1 : found.end_line]) or found.message,
        line=found.line,
        severity=_SEVERITIES[found.severity],
        concern="security" if found.tool in _SECURITY else "correctness",
        title=found.message,
        claim="",
        source=f"{found.tool}:{found.rule}",
        symbol=symbol_at(found.end_line, head.get(found.path, ""), found.path),
    )
    diff = diffs.get(found.path)
    return PlacedFinding(finding=finding, anchor=places.anchor_on_line(diff, found.line) if diff is not None else None)


def limit_repeats(found: Sequence[StaticFinding]) -> tuple[StaticFinding, ...]:
    """Keep some findings of each rule in order: nobody needs a hundred."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for one in found:
        seen[one.tool, one.rule] += 1
        if seen[one.tool, one.rule] <= _OF_A_RULE:
            kept.append(one)
    return tuple(kept[:_OF_TOOLS])


def drop_repeats(settled: Sequence[PlacedFinding]) -> tuple[PlacedFinding, ...]:
    """Drop findings that repeat another.

    Of two, the tool's stays, else the more severe one. Two causes at one place are two findings: each is checked on its
    own, and they are merged when they are reported.
    """
    kept: dict[str, list[tuple[PlacedFinding, Identity]]] = defaultdict(list)
    for one in sorted(settled, key=_rank):
        identity = identify(one.finding)
        others = kept[one.finding.path]
        if not any(_repeats(one, other, is_same_finding(identity, known)) for other, known in others):
            others.append((one, identity))
    return tuple(sorted((one for group in kept.values() for one, _ in group), key=_rank))


def _place_in_file(finding: Finding, diff: FileDiff, head: Texts, base: Texts, *, exact: bool) -> PlacedFinding | None:
    side: Side | None = "LEFT" if finding.removed else None
    texts = {"head": head.get(diff.path), "base": base.get(diff.path)}
    place = places.find_place(diff, finding.quote, finding.line, side, exact=exact, **texts)
    if place is None:
        return None
    removed = place.side == "LEFT"
    update = {
        "path": diff.path,
        "line": place.first,
        "quote": place.quote,
        "removed": removed,
        "symbol": symbol_at(place.last, (base if removed else head).get(diff.path, ""), diff.path),
        "suggestion": None if place.part is None else finding.suggestion,
        "part": place.part or "",
    }
    return PlacedFinding(finding=finding.model_copy(update=update), anchor=place.anchor)


def _rank(one: PlacedFinding) -> tuple[bool, int]:
    return one.finding.source == "model", SEVERITY_RANK[one.finding.severity]


def _repeats(one: PlacedFinding, other: PlacedFinding, same_code: bool) -> bool:
    """Return whether two findings have one cause.

    They do if they are about the same code or the same lines in similar words. A tool's rule has one cause. At one
    place :data:`NEAR` tells one cause from two.
    """
    mine = one.finding
    theirs = other.finding
    if same_code and mine.source == theirs.source != "model":
        return True
    if not same_code and (one.anchor is None or one.anchor != other.anchor):
        return False
    return measure_similarity(read_wordings(mine.title, mine.claim), read_wordings(theirs.title, theirs.claim)) >= NEAR
