"""Run a review from trigger to result."""

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
    FollowUp,
    NearestTests,
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
from bot.work.results import Ending
from bot.work.services import Services
from handlers.review import (
    background,
    finders,
    nearest_tests,
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
from handlers.review.parts import tell_parts
from handlers.review.stages import Stage
from handlers.review.words import list_remarks, make_check_report, write_sentence, write_summary

_SPARE_CHECKS = 3
_NEAREST = "nearest-tests"
# Marks a review that stopped because of a newer push, so that the push's event restarts it.
_OVERTAKEN = {"overtaken": True}


class Claims(JsonModel):
    """Findings of readers and tools at their places, without repetitions."""

    settled: tuple[PlacedFinding, ...] = ()
    again: tuple[PlacedFinding, ...] = ()  # told in an earlier summary, and to be told on
    dropped: DropCounts = DropCounts()  # what went on the way


async def run_review(ctx: Ctx, services: Services, task: ReviewTask) -> Outcome:
    """Run one review to a state that people can see on the check run."""
    review, subject = await _begin(ctx, services, task)
    if subject.stop:
        return Outcome(state="refused", summary=subject.stop, data=_OVERTAKEN)
    before = await ctx.step("earlier", previous.recall, review)
    plan = await ctx.step("look", pull_request.look, review, subject, before, retries=2)
    same = before.find_same(review, plan)
    stale = same is None or await ctx.step("settled-since", history.is_stale, review, subject, same, retries=2)
    if same is not None and not stale:
        return _make_outcome(task, same.model_copy(update={"reused": True, "dollars": 0.0, "calls": 0}))
    unposted = before.find_unposted(review, plan)
    if unposted is not None:
        static = await ctx.step("analyse", static_analysis.analyse, review, subject, plan, interruptible=True)
        plan = plan.model_copy(update={"secrets": placeholders.list_secrets(static)})
        result = unposted
    else:
        plan, result = await _review(ctx, review, subject, plan)
        result = await ctx.step("account", publication.add_cost, review, result)
    posted = await ctx.step("post", publication.post, review, subject, plan, result, retries=2)
    if posted.stop:
        data = _OVERTAKEN | {"unposted": result.model_dump(mode="json")}
        return Outcome(state="refused", summary=posted.stop, data=data)
    result = _fold_refused(result, posted.refused).model_copy(update={"locked": posted.locked})
    if not task.quiet:
        await ctx.step("remember", history.remember, review, plan, result.inline, result.folded, posted.comments)
    return _make_outcome(task, result, posted.kept)


async def _begin(ctx: Ctx, services: Services, task: ReviewTask) -> tuple[Review, Subject]:
    # The pull request can be read without the policy: that costs nothing and decides nothing.
    reader = Review(services, ctx.task_id, task, services.policies.latest(task.repository), max_dollars=0.0)
    steps: dict[str, Step[Any]] = {
        "policy": Step(services.policies.load, (task.repository,), retries=2),
        "read": Step(pull_request.read, (reader,), retries=2),
    }
    begun = await ctx.parallel(steps)
    policy: Policy = begun["policy"]
    dollars = 0.0 if task.trigger == "look" else policy.max_dollars("review")
    return replace(reader, policy=policy, max_dollars=dollars), begun["read"]


async def _review(ctx: Ctx, review: Review, subject: Subject, plan: ReviewPlan) -> tuple[ReviewPlan, ReviewResult]:
    """Look at our open findings again; find, place, verify and rank new ones.

    Secrets are known from here. Returns the plan with the change's secrets, and the review.
    """
    task = review.task
    steps: dict[str, Step[Any]] = {
        "recall": Step(history.recall, (review.services, task.repository, task.number, subject.author), retries=2),
        "analyse": Step(static_analysis.analyse, (review, subject, plan), interruptible=True),
    }
    known = await ctx.parallel(steps)
    before: Memory = known["recall"]
    static: Analysis = known["analyse"]
    plan = plan.model_copy(update={"secrets": placeholders.list_secrets(static)})
    memory = await recheck.recheck(ctx, review, subject, plan, before)
    found, nearest = await _find(ctx, review, subject, plan, static)
    claims = await ctx.step("settle", place_findings, review, plan, static, memory, tuple(found.values()))
    verdicts = await _verify(ctx, review, subject, plan, claims.settled, nearest)
    result = assemble(review, plan, static, found, claims, verdicts)
    more = {
        "nearest": nearest,
        "trouble": result.trouble or nearest.trouble,
        "issues": tuple(issue.number for issue in subject.issues),
        "since": compare(before, memory),
        "read": pull_request.reads_change(review) or all(file.left_out is not None for file in plan.files),
        "blocks": result.blocks or (review.policy.rules(ReviewRules).block and has_open_blocker(memory)),
    }
    return plan, result.model_copy(update=more)


def compare(before: Memory, now: Memory) -> FollowUp:
    """Return what became of findings since the last review.

    These are the ones that were unsettled before, and fixed ones that came back. What the summary tells is told there
    again.
    """
    states = {one.fingerprint: one.state for one in before.told}
    unsettled = {one.fingerprint for one in before.unsettled()}
    ours = [one for one in now.told if one.fingerprint in unsettled]
    titles = {state: tuple(one.finding.title for one in ours if one.state == state) for state in get_args(State)}
    back = tuple(one.finding.title for one in now.unsettled() if states.get(one.fingerprint) == "fixed")
    return FollowUp(fixed=titles["fixed"], disputed=titles["disputed"], open=titles["open"], back=back)


def has_open_blocker(memory: Memory) -> bool:
    """Return whether a proved blocker is open: a push must not lift it."""
    return any(_is_grave(PlacedFinding(finding=one.finding, verdict=one.verdict)) for one in memory.unsettled())


async def _find(
    ctx: Ctx, review: Review, subject: Subject, plan: ReviewPlan, static: Analysis
) -> tuple[dict[str, ReadingResult], NearestTests]:
    """Have every reading read, a few at a time, most important first.

    The results are by the reading's name; beside the first readers the nearest tests run. What is read again for other
    concerns waits for its first reading: by then the provider has in its cache what that was shown.
    """
    steps = {
        one.name: Step(finders.find, (review, subject, plan, one, static), interruptible=True) for one in plan.readings
    }
    tests = Step(nearest_tests.run_nearest, (review, subject, plan), interruptible=True)
    first = {one.parts: one.name for one in reversed(plan.readings)}
    after = {one.name: first[one.parts] for one in plan.readings if one.name != first[one.parts]}
    ordered = {name: steps[name] for name in sorted(steps, key=after.__contains__)}
    found = await ask_all(ctx, ordered, after=after, beside={_NEAREST: tests})
    ran = found.pop(_NEAREST, NearestTests())
    return found, ran


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
    await review.stage(Stage.FIND, "done", f"{len(sifted.new)} new of {len(said) + len(tools)}")
    return Claims(settled=sifted.new, again=sifted.again, dropped=dropped)


async def _verify(
    ctx: Ctx,
    review: Review,
    subject: Subject,
    plan: ReviewPlan,
    claims: Sequence[PlacedFinding],
    nearest: NearestTests,
) -> dict[str, Verdict]:
    """Return verdicts by step name of the most severe, a few more than fit."""
    risks = {file.path: file.risk for file in plan.files}
    open_claims = [one for one in claims if one.finding.source == "model" and one.finding.severity != "nit"]
    ranked = ranking.rank_findings(open_claims, risks)
    chosen = [one.finding for one in ranked][: review.policy.rules(ReviewRules).inline + _SPARE_CHECKS]
    if not chosen:
        return {}
    paths = sorted({one.path for one in chosen})
    known = await ctx.step("background", background.gather, review, plan, paths)
    known = known.model_copy(update={"results": nearest_tests.write_results(nearest)})
    given = (review, subject, plan, known, asyncio.Lock())
    steps = {
        verification.name_step(one): Step(verification.verify, (*given, one), interruptible=True) for one in chosen
    }
    return await ask_all(ctx, steps)


def assemble(
    review: Review,
    plan: ReviewPlan,
    static: Analysis,
    found: Mapping[str, ReadingResult],
    claims: Claims,
    verdicts: Mapping[str, Verdict],
) -> ReviewResult:
    """Put the result together: ranked, split, honest about what was read."""
    judged = [
        one.model_copy(update={"verdict": verdicts.get(verification.name_step(one.finding))}) for one in claims.settled
    ]
    kept = [one for one in judged if one.verdict is None or one.verdict.fate != "refuted"]
    risks = {file.path: file.risk for file in plan.files}
    inline, folded = ranking.split(ranking.rank_findings(kept, risks), review.policy.rules(ReviewRules).inline)
    listed = sum(1 + len(one.also) for one in inline) + len(folded)
    beyond = claims.dropped.beyond + len(kept) - listed
    changes = {path: text for answer in found.values() for path, text in answer.changes.items()}
    models = [answer.model for answer in found.values()] + [verdict.model for verdict in verdicts.values()]
    return ReviewResult(
        head_sha=plan.head_sha,
        merge_base=plan.merge_base,
        rules=plan.rules,
        files=tuple(file.model_copy(update={"change": changes.get(file.path, "")}) for file in plan.files),
        inline=inline,
        folded=(*folded, *claims.again),
        dropped=claims.dropped.model_copy(update={"refuted": len(judged) - len(kept), "beyond": beyond}),
        unread=_find_unread(plan, found),
        missed=_find_gaps(plan, found),
        static=static.model_copy(update={"new": (), "evidence": ()}),
        models=tuple(dict.fromkeys(model for model in models if model)),
        readings=len(plan.readings),
        trouble=next((verdict.trouble for verdict in verdicts.values() if verdict.trouble), ""),
        blocks=review.policy.rules(ReviewRules).block and any(_is_grave(one) for one in (*inline, *folded)),
    )


def _is_grave(one: PlacedFinding) -> bool:
    return one.proved and one.finding.severity in {"blocker", "bug"}


def _find_unread(plan: ReviewPlan, found: Mapping[str, ReadingResult]) -> dict[str, str]:
    """Return the files of which nobody read some part, and what went wrong."""
    unread: dict[str, str] = {}
    heard = _find_read_parts(plan, found)
    for one in plan.readings:
        problem = found[one.name].problem
        missing = [part.path for part in one.parts if part not in heard]
        unread |= {path: problem for path in missing if problem is not None}
    return unread


def _find_gaps(plan: ReviewPlan, found: Mapping[str, ReadingResult]) -> tuple[CoverageGap, ...]:
    """Return readings without an answer of parts others have read."""
    heard = _find_read_parts(plan, found)
    missed = []
    for one in plan.readings:
        problem = found[one.name].problem
        paths = dict.fromkeys(part.path for part in one.parts if part in heard)
        if problem is not None and paths:
            missed.append(CoverageGap(concerns=one.concerns, paths=tuple(paths), reason=problem))
    return tuple(missed)


def _find_read_parts(plan: ReviewPlan, found: Mapping[str, ReadingResult]) -> set[Part]:
    return {part for one in plan.readings if found[one.name].problem is None for part in one.parts}


def _fold_refused(result: ReviewResult, refused: Sequence[int]) -> ReviewResult:
    """Move the comments that GitHub did not take into the summary."""
    kept = tuple(one for number, one in enumerate(result.inline) if number not in refused)
    back = (one for number, one in enumerate(result.inline) if number in refused)
    gone = [each for one in back for each in (one.model_copy(update={"also": ()}), *one.also)]
    return result.model_copy(update={"inline": kept, "folded": (*gone, *result.folded)})


def _make_outcome(task: ReviewTask, result: ReviewResult, kept: Sequence[str] = ()) -> Outcome:
    check = make_check_report(result)
    report = check.summary if task.quiet else write_summary(result)  # which may leave some of it to the check run
    ending = Ending(form="document", report=report, remarks=list_remarks(result, kept), parts=tell_parts(result))
    data = ending.model_dump() | {
        "check": check.model_dump(mode="json"),
        "reviewed": result.model_dump(mode="json"),
    }
    return Outcome(state="done" if result.complete else "unverified", summary=write_sentence(result), data=data)
