"""Run a review from trigger to result."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from bot.analysis.records import Analysis
from bot.engine.port import Ctx, Outcome, Step
from bot.policy import Policy
from bot.pulls import history, placeholders
from bot.pulls.diff import Review
from bot.pulls.memory import Memory
from bot.pulls.records import (
    CoverageGap,
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
from bot.work.results import Ending
from bot.work.services import Services
from handlers.review import (
    background,
    finders,
    nearest_tests,
    previous,
    publication,
    pull_request,
    ranking,
    recheck,
    static_analysis,
    verification,
)
from handlers.review.batches import ask_all
from handlers.review.claims import Claims, choose, count_checks, settle
from handlers.review.early import Beside, find_and_verify
from handlers.review.parts import tell_parts
from handlers.review.words import list_remarks, make_check_report, write_sentence, write_summary

_NEAREST = "nearest-tests"
# Marks a review that stopped because of a newer push, so that the push's event restarts it.
_OVERTAKEN = {"overtaken": True}


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
    found, nearest = await _find(ctx, review, subject, plan, static, memory)
    claims = await ctx.step("settle", settle, review, plan, static, memory, tuple(found.values()))
    early = {name: verdict for answer in found.values() for name, verdict in answer.verdicts.items()}
    verdicts = early | await _verify(ctx, review, subject, plan, claims.settled, nearest, early)
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
    ctx: Ctx, review: Review, subject: Subject, plan: ReviewPlan, static: Analysis, memory: Memory
) -> tuple[dict[str, ReadingResult], NearestTests]:
    """Have every reading read, a few at a time, most important first.

    The results are by the reading's name; beside the first readers the nearest tests run. What is read again for other
    concerns waits for its first reading: by then the provider has in its cache what that was shown. The findings of a
    lone reader are verified while it writes; those of several may repeat each other, and have to be compared first.
    """
    given = (review, subject, plan)
    ended: asyncio.Future[NearestTests] = asyncio.get_running_loop().create_future()
    if len(plan.readings) == 1:
        beside = Beside(static, memory, ended)
        steps = {one.name: Step(find_and_verify, (*given, one, beside), interruptible=True) for one in plan.readings}
    else:
        steps = {one.name: Step(finders.find, (*given, one, static), interruptible=True) for one in plan.readings}
    tests = Step(_run_nearest, (*given, ended), interruptible=True)
    first = {one.parts: one.name for one in reversed(plan.readings)}
    after = {one.name: first[one.parts] for one in plan.readings if one.name != first[one.parts]}
    ordered = {name: steps[name] for name in sorted(steps, key=after.__contains__)}
    found = await ask_all(ctx, ordered, after=after, beside={_NEAREST: tests})
    ran = found.pop(_NEAREST, NearestTests())
    return found, ran


async def _run_nearest(
    review: Review, subject: Subject, plan: ReviewPlan, ended: asyncio.Future[NearestTests]
) -> NearestTests:
    """Run the nearest tests, and tell the reader beside what they say."""
    found = await nearest_tests.run_nearest(review, subject, plan)
    ended.set_result(found)
    return found


async def _verify(
    ctx: Ctx,
    review: Review,
    subject: Subject,
    plan: ReviewPlan,
    claims: Sequence[PlacedFinding],
    nearest: NearestTests,
    early: Collection[str],
) -> dict[str, Verdict]:
    """Return verdicts by step name of the most severe but those had ``early``."""
    left = [one for one in choose(review, plan, claims) if verification.name_step(one) not in early]
    chosen = left[: count_checks(review) - len(early)]
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
