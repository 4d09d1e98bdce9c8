"""Settle what readers and tools claim, and choose what is verified."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.analysis.records import Analysis
from bot.pulls import diff as change
from bot.pulls import history
from bot.pulls.diff import Review
from bot.pulls.memory import Memory
from bot.pulls.records import DropCounts, Finding, PlacedFinding, ReadingResult, ReviewPlan
from bot.pulls.rules import ReviewRules
from bot.types import JsonModel
from handlers.review import placement, ranking
from handlers.review.stages import Stage

SPARE_CHECKS = 3


class Claims(JsonModel):
    """Findings of readers and tools at their places, without repetitions."""

    settled: tuple[PlacedFinding, ...] = ()
    again: tuple[PlacedFinding, ...] = ()  # told in an earlier summary, and to be told on
    dropped: DropCounts = DropCounts()  # what went on the way
    said: int = 0  # by readers and tools, before anything was dropped


async def settle(
    review: Review, plan: ReviewPlan, static: Analysis, memory: Memory, found: tuple[ReadingResult, ...]
) -> Claims:
    """Place the findings of all readers and tools, and tell how many are new."""
    claims = await place_findings(review, plan, static, memory, found)
    await review.stage(Stage.FIND, "done", f"{len(claims.settled)} new of {claims.said}")
    return claims


async def place_findings(
    review: Review, plan: ReviewPlan, static: Analysis, memory: Memory, found: tuple[ReadingResult, ...]
) -> Claims:
    """Place new findings on the change; drop invented and repeated ones."""
    diffs = await change.read_changed(review, plan)
    head = await change.read_texts(review, plan, plan.head_sha, diffs)
    old = await change.read_texts(review, plan, plan.merge_base, [diff.old_path for diff in diffs.values()])
    base = {path: old[diff.old_path] for path, diff in diffs.items() if diff.old_path in old}
    said = [one for answer in found for one in answer.findings]
    new = [item for item in static.new if item.path in diffs]
    tools = placement.limit_repeats(new)

    def place() -> tuple[list[PlacedFinding], list[PlacedFinding]]:
        by_tools = [placement.place_tool_finding(item, diffs, head) for item in tools]
        by_models = (placement.place_finding(item, diffs, head, base) for item in said)
        return by_tools, [one for one in by_models if one is not None]

    by_tools, by_models = await asyncio.to_thread(place)
    fresh = [one for one in by_tools if one.anchor is not None or not plan.known.get(one.finding.path)]
    kept = placement.drop_repeats([*fresh, *by_models])
    sifted = await history.dedupe(review, memory, kept)
    dropped = DropCounts(
        invented=len(said) - len(by_models),
        repeated=len(fresh) + len(by_models) - len(kept),
        known=sum(sifted.known.values()),
        alike=len(new) - len(tools),
        unusable=sum(answer.unusable for answer in found),
        beyond=sum(answer.beyond for answer in found),
    )
    return Claims(settled=sifted.new, again=sifted.again, dropped=dropped, said=len(said) + len(tools))


def count_checks(review: Review) -> int:
    """Return how many findings are verified at most, a few more than fit."""
    return review.policy.rules(ReviewRules).inline + SPARE_CHECKS


def choose(review: Review, plan: ReviewPlan, settled: Sequence[PlacedFinding]) -> list[Finding]:
    """Return the findings that are worth a verification, most severe first."""
    risks = {file.path: file.risk for file in plan.files}
    claims = [one for one in settled if one.finding.source == "model" and one.finding.severity != "nit"]
    return [one.finding for one in ranking.rank_findings(claims, risks)][: count_checks(review)]
