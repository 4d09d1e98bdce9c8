"""Run a review from trigger to result. Every line that touches the world is a step."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from bot.analysis.records import Analysis
from bot.engine.port import Ctx, Outcome, Step
from bot.policy import Policy
from bot.pulls import diff as change
from bot.pulls import history, placeholders
from bot.pulls.diff import Review
from bot.pulls.memory import Memory
from bot.pulls.records import (
    CoverageGap,
    DropCounts,
    Finding,
    FollowUp,
    Part,
    PlacedFinding,
    ReadingResult,
    ReviewPlan,
    ReviewResult,
    ReviewTask,
    Subject,
    Verdict,
)
from bot.pulls.rules import ReviewRules
from bot.store.findings import State
from bot.types import JsonModel
from bot.work.services import Services
from handlers.review import (
    background,
    finders,
    placement,
    previous,
    publication,
    pull_request,
    ranking,
    recheck,
    static_analysis,
    verification,
)
from handlers.review.batches import ask_all
from handlers.review.stages import Stage
from handlers.review.words import check_report, sentence, summary_text

_SPARE_CHECKS = 3
# How the event of the push that overtook a review knows that it ended for that push, and has to go on.
_OVERTAKEN = {"overtaken": True}


class Claims(JsonModel):
    """What the finders and tools said, settled and without repetitions; ``dropped`` counts what went on the way.

    ``again`` was told in an earlier summary, and goes on to be.
    """

    settled: tuple[PlacedFinding, ...] = ()
    again: tuple[PlacedFinding, ...] = ()
    dropped: DropCounts = DropCounts()


async def run_review(ctx: Ctx, services: Services, task: ReviewTask) -> Outcome:
    """One review, ending in a state that people can see on the check run."""
    review, subject = await _begun(ctx, services, task)
    if subject.stop:
        return Outcome(state="refused", summary=subject.stop, data=_OVERTAKEN)
    before = await ctx.step("earlier", previous.recall, review)
    looked = await ctx.step("look", pull_request.look, review, subject, before, retries=2)
    same = before.of(review, looked)
    stale = same is None or await ctx.step("settled-since", history.is_stale, review, subject, same, retries=2)
    if same is not None and not stale:
        return _outcome(same.model_copy(update={"reused": True, "dollars": 0.0, "calls": 0}))
    looked, reviewed = await _reviewed(ctx, review, subject, looked)
    reviewed = await ctx.step("account", publication.account, review, reviewed)
    posted = await ctx.step("post", publication.post, review, subject, looked, reviewed, retries=2)
    if posted.stop:
        return Outcome(state="refused", summary=posted.stop, data=_OVERTAKEN)
    reviewed = _without_refused(reviewed, posted.refused)
    told = (reviewed.inline, reviewed.folded, posted.comments)
    await ctx.step("remember", history.remember, review, looked, *told)
    return _outcome(reviewed)


async def _begun(ctx: Ctx, services: Services, task: ReviewTask) -> tuple[Review, Subject]:
    """The rules and the pull request, which can be read without them: that costs nothing and decides nothing."""
    reader = Review(services, ctx.task_id, task, services.policies.latest(task.repository), max_dollars=0.0)
    steps: dict[str, Step[Any]] = {
        "policy": Step(services.policies.load, (task.repository,), retries=2),
        "read": Step(pull_request.read, (reader,), retries=2),
    }
    begun = await ctx.parallel(steps)
    policy: Policy = begun["policy"]
    dollars = 0.0 if task.trigger == "look" else policy.max_dollars("review")
    return replace(reader, policy=policy, max_dollars=dollars), begun["read"]


async def _reviewed(ctx: Ctx, review: Review, subject: Subject, looked: ReviewPlan) -> tuple[ReviewPlan, ReviewResult]:
    """Remember and analyse; look at our open findings again; find, settle, verify, rank. Secrets are known from here.

    Returns what was looked at, with its secrets, and the review.
    """
    task = review.task
    steps: dict[str, Step[Any]] = {
        "recall": Step(history.recall, (review.services, task.repository, task.number, subject.author), retries=2),
        "analyse": Step(static_analysis.analyse, (review, subject, looked), interruptible=True),
    }
    known = await ctx.parallel(steps)
    before: Memory = known["recall"]
    static: Analysis = known["analyse"]
    looked = looked.model_copy(update={"secrets": placeholders.list_secrets(static)})
    memory = await recheck.recheck(ctx, review, subject, looked, before)
    found = await _find(ctx, review, subject, looked, static)
    claims = await ctx.step("settle", settled, review, looked, static, memory, tuple(found.values()))
    verdicts = await _verify(ctx, review, subject, looked, claims.settled)
    reviewed = assembled(review, looked, static, found, claims, verdicts)
    issues = tuple(issue.number for issue in subject.issues)
    more = {
        "issues": issues,
        "since": since(before, memory),
        "read": pull_request.reads(review) or all(file.left_out is not None for file in looked.files),
        "blocks": reviewed.blocks or (review.policy.rules(ReviewRules).block and still_grave(memory)),
    }
    return looked, reviewed.model_copy(update=more)


def since(before: Memory, now: Memory) -> FollowUp:
    """Return what became of findings that were unsettled before, and which fixed ones came back.

    What the summary tells is told there again.
    """
    states = {one.fingerprint: one.state for one in before.told}
    unsettled = {one.fingerprint for one in before.unsettled()}
    ours = [one for one in now.told if one.fingerprint in unsettled]
    titles = {state: tuple(one.finding.title for one in ours if one.state == state) for state in get_args(State)}
    back = tuple(one.finding.title for one in now.unsettled() if states.get(one.fingerprint) == "fixed")
    return FollowUp(fixed=titles["fixed"], disputed=titles["disputed"], open=titles["open"], back=back)


def still_grave(memory: Memory) -> bool:
    """Return whether something proved and grave that was told before is still open: a push must not lift a block."""
    return any(_is_grave(PlacedFinding(finding=one.finding, verdict=one.verdict)) for one in memory.unsettled())


async def _find(
    ctx: Ctx, review: Review, subject: Subject, looked: ReviewPlan, static: Analysis
) -> dict[str, ReadingResult]:
    """Every reading by its finder, a few at a time, the most important first; by the reading's name."""
    steps = {
        one.name: Step(finders.find, (review, subject, looked, one, static), interruptible=True)
        for one in looked.readings
    }
    return await ask_all(ctx, steps)


async def settled(
    review: Review, looked: ReviewPlan, static: Analysis, memory: Memory, found: tuple[ReadingResult, ...]
) -> Claims:
    """All new findings at their places: none whose quote is invented, none that repeats what was said, by anybody."""
    diffs = await change.read_changed(review, looked)
    head = await change.read_texts(review, looked, looked.head_sha, diffs)
    old = await change.read_texts(review, looked, looked.merge_base, [diff.old_path for diff in diffs.values()])
    base = {path: old[diff.old_path] for path, diff in diffs.items() if diff.old_path in old}
    said = [one for answer in found for one in answer.findings]
    new = [item for item in static.new if item.path in diffs]
    tools = placement.few(new)

    def settle() -> tuple[list[PlacedFinding], list[PlacedFinding]]:
        placed = (placement.settle(item, diffs, head, base) for item in said)
        return [placement.of_tool(item, diffs, head) for item in tools], [one for one in placed if one is not None]

    by_tools, by_models = await asyncio.to_thread(settle)
    fresh = [one for one in by_tools if one.anchor is not None or not looked.known.get(one.finding.path)]
    kept = placement.distinct([*fresh, *by_models])
    sifted = await history.dedupe(review, memory, kept)
    dropped = DropCounts(
        invented=len(said) - len(by_models),
        repeated=len(fresh) + len(by_models) - len(kept),
        known=sum(sifted.known.values()),
        alike=len(new) - len(tools),
        unusable=sum(answer.unusable for answer in found),
        beyond=sum(answer.beyond for answer in found),
    )
    await review.stage(Stage.FIND, "done", f"{len(sifted.new)} new of {len(said) + len(tools)}")
    return Claims(settled=sifted.new, again=sifted.again, dropped=dropped)


async def _verify(
    ctx: Ctx, review: Review, subject: Subject, looked: ReviewPlan, claims: Sequence[PlacedFinding]
) -> dict[str, Verdict]:
    """Verdicts by step name for what could be said inline: the most severe, a few more than fit."""
    risks = {file.path: file.risk for file in looked.files}
    ranked = ranking.ordered([one for one in claims if _needs_proof(one.finding)], risks)
    chosen = [one.finding for one in ranked][: review.policy.rules(ReviewRules).inline + _SPARE_CHECKS]
    if not chosen:
        return {}
    paths = sorted({one.path for one in chosen})
    known = await ctx.step("background", background.gather, review, looked, paths)
    given = (review, subject, looked, known, asyncio.Lock())
    steps = {
        verification.step_name(one): Step(verification.verify, (*given, one), interruptible=True) for one in chosen
    }
    return await ask_all(ctx, steps)


def _needs_proof(one: Finding) -> bool:
    return one.source == "model" and one.severity != "nit"


def assembled(
    review: Review,
    looked: ReviewPlan,
    static: Analysis,
    found: Mapping[str, ReadingResult],
    claims: Claims,
    verdicts: Mapping[str, Verdict],
) -> ReviewResult:
    """The result: ranked, split, and with an honest account of what was read."""
    judged = [
        one.model_copy(update={"verdict": verdicts.get(verification.step_name(one.finding))}) for one in claims.settled
    ]
    kept = [one for one in judged if one.verdict is None or one.verdict.fate != "refuted"]
    risks = {file.path: file.risk for file in looked.files}
    inline, folded = ranking.split(ranking.ordered(kept, risks), review.policy.rules(ReviewRules).inline)
    beyond = claims.dropped.beyond + _unlisted(kept, inline, folded)
    changes = {path: text for answer in found.values() for path, text in answer.changes.items()}
    models = [answer.model for answer in found.values()] + [verdict.model for verdict in verdicts.values()]
    return ReviewResult(
        head_sha=looked.head_sha,
        merge_base=looked.merge_base,
        rules=looked.rules,
        files=tuple(file.model_copy(update={"change": changes.get(file.path, "")}) for file in looked.files),
        inline=inline,
        folded=(*folded, *claims.again),
        dropped=claims.dropped.model_copy(update={"refuted": len(judged) - len(kept), "beyond": beyond}),
        unread=_unread(looked, found),
        missed=_missed(looked, found),
        static=static.model_copy(update={"new": (), "evidence": ()}),
        models=tuple(dict.fromkeys(model for model in models if model)),
        readings=len(looked.readings),
        trouble=next((verdict.trouble for verdict in verdicts.values() if verdict.trouble), ""),
        blocks=review.policy.rules(ReviewRules).block and any(_is_grave(one) for one in (*inline, *folded)),
    )


def _unlisted(kept: Sequence[PlacedFinding], inline: Sequence[PlacedFinding], folded: Sequence[PlacedFinding]) -> int:
    return len(kept) - sum(1 + len(one.also) for one in inline) - len(folded)


def _is_grave(one: PlacedFinding) -> bool:
    return one.proved and one.finding.severity in {"blocker", "bug"}


def _unread(looked: ReviewPlan, found: Mapping[str, ReadingResult]) -> dict[str, str]:
    """Files of which some part was read by nobody, with what went wrong."""
    unread: dict[str, str] = {}
    heard = _heard(looked, found)
    for one in looked.readings:
        problem = found[one.name].problem
        missing = [part.path for part in one.parts if part not in heard]
        unread |= {path: problem for path in missing if problem is not None}
    return unread


def _missed(looked: ReviewPlan, found: Mapping[str, ReadingResult]) -> tuple[CoverageGap, ...]:
    """Readings that gave no answer about parts which others have read for other concerns."""
    heard = _heard(looked, found)
    missed = []
    for one in looked.readings:
        problem = found[one.name].problem
        paths = dict.fromkeys(part.path for part in one.parts if part in heard)
        if problem is not None and paths:
            missed.append(CoverageGap(concerns=one.concerns, paths=tuple(paths), reason=problem))
    return tuple(missed)


def _heard(looked: ReviewPlan, found: Mapping[str, ReadingResult]) -> set[Part]:
    return {part for one in looked.readings if found[one.name].problem is None for part in one.parts}


def _without_refused(reviewed: ReviewResult, refused: Sequence[int]) -> ReviewResult:
    """Comments that GitHub did not take are told in the summary."""
    kept = tuple(one for number, one in enumerate(reviewed.inline) if number not in refused)
    back = (one for number, one in enumerate(reviewed.inline) if number in refused)
    gone = [each for one in back for each in (one.model_copy(update={"also": ()}), *one.also)]
    return reviewed.model_copy(update={"inline": kept, "folded": (*gone, *reviewed.folded)})


def _outcome(reviewed: ReviewResult) -> Outcome:
    data = {
        "report": summary_text(reviewed),
        "check": check_report(reviewed).model_dump(mode="json"),
        "reviewed": reviewed.model_dump(mode="json"),
    }
    return Outcome(state="done" if reviewed.complete else "unverified", summary=sentence(reviewed), data=data)
