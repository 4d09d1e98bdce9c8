"""Check our open findings again on a new head.

Findings whose code is unchanged stay open; changed ones are rechecked once by a model; fixed ones are closed. Code
first compares the lines and their surroundings. Only where these differ is the verifier asked, and its "fixed" counts
only with a quote that is in the file.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial

from bot.engine.port import Ctx, Step
from bot.github.api.scopes import RESOLVE_THREADS
from bot.github.resources.threads import Thread, reply, resolve, unresolve
from bot.models.port import BudgetExceeded, ModelError
from bot.pulls import diff, placeholders, places
from bot.pulls.diff import Review
from bot.pulls.fingerprints import is_unchanged, read_surroundings, relocate
from bot.pulls.memory import Memory, ReportedFinding, back_marker, fixed_marker, to_row
from bot.pulls.outcomes import FindingStatus, check_finding, detect_regression, mark_fixed, settle_by_thread
from bot.pulls.records import PlacedFinding, ReviewPlan, Subject
from bot.store import findings
from bot.types import JsonModel
from bot.work.inquiry import Inquiry
from bot.work.locked import unless_locked
from bot.work.prompts import render
from handlers.review import ranking
from handlers.review.batches import ask_all
from handlers.review.verification import VERDICT

_TURNS = 5
_AT_MOST = 12
_SAID = 600
# Tokens of an answer: a verdict is short, and a model's thinking counts as well.
_MAX_OUTPUT = 4096


class RecheckAnswer(JsonModel):
    """Verifier's answer; ``fixed`` needs a ``quote`` at ``path`` in the head."""

    fixed: bool = False
    path: str = ""
    quote: str = ""
    reason: str = ""
    short: bool = False


async def recheck(ctx: Ctx, review: Review, subject: Subject, plan: ReviewPlan, memory: Memory) -> Memory:
    """Bring the memory to the head; close the threads of what was fixed."""
    if not memory.watched():
        return memory
    checked = await ctx.step("recheck", check_by_code, review, plan, memory)
    steps = {
        name_step(one.told): Step(ask, (review, subject, plan, one), interruptible=True)
        for one in (select_doubtful(checked, plan) if review.max_dollars else [])
    }
    answers = await ask_all(ctx, steps)
    by_name = {one.told.fingerprint: answers[name] for one in checked if (name := name_step(one.told)) in answers}
    return await ctx.step("close-fixed", close_fixed, review, plan, memory, checked, by_name, retries=2)


def name_step(told: ReportedFinding) -> str:
    """Return the name of the step that asks about a finding."""
    return f"recheck-{told.fingerprint}"


def select_doubtful(checked: Sequence[FindingStatus], plan: ReviewPlan) -> list[FindingStatus]:
    """Return the open findings to ask a model about, most important first."""
    risks = {file.path: file.risk for file in plan.files}
    doubtful = [one for one in checked if one.open and one.standing == "doubtful"]
    settled = {
        one.told.fingerprint: PlacedFinding(finding=one.told.finding, verdict=one.told.verdict) for one in doubtful
    }
    return sorted(doubtful, key=lambda one: ranking.weigh(settled[one.told.fingerprint], risks))[:_AT_MOST]


async def check_by_code(review: Review, plan: ReviewPlan, memory: Memory) -> tuple[FindingStatus, ...]:
    """Check how each open finding stands by code and what people said."""
    told = memory.watched()
    secret = (one.finding for one in memory.told if one.finding.source.startswith(f"{placeholders.TOOL}:"))
    # Where no secrets were searched for, we cannot tell whether these files still hold some: no model is shown them.
    blind = {one.path for one in secret} if plan.secrets is None else set()
    texts = await diff.read_texts(review, plan, plan.head_sha, {one.finding.path for one in told})
    if any(one.finding.path not in texts for one in told):
        # The code may have moved to another file of the change.
        texts |= await diff.read_texts(review, plan, plan.head_sha, {file.path for file in plan.files})

    def look() -> tuple[FindingStatus, ...]:
        return tuple(one for each in told if (one := _check_one(each, texts, blind, memory)) is not None)

    return await asyncio.to_thread(look)


def _check_one(
    told: ReportedFinding, texts: Mapping[str, str], blind: Collection[str], memory: Memory
) -> FindingStatus | None:
    """Check how a finding stands; None for a fixed one that stayed fixed."""
    if told.state != "fixed":
        return settle_by_thread(_check_standing(told, texts, blind), memory)
    return None if told.finding.path in blind else detect_regression(told, memory, texts)


def _check_standing(told: ReportedFinding, texts: Mapping[str, str], blind: Collection[str]) -> FindingStatus:
    """Check how a finding stands by its code, or by its secret being gone."""
    if told.finding.path in blind:
        return FindingStatus(told=told, standing="stands")
    finding = told.finding
    checked = check_finding(told, texts)
    if checked.standing != "doubtful" or not finding.source.startswith(f"{placeholders.TOOL}:"):
        return checked
    places = [texts[finding.path]] if finding.path in texts else list(texts.values())
    wanted = placeholders.find_placeholders(finding.quote) or (finding.quote.strip(),)
    there = any(each in text for each in wanted for text in places)
    return checked.model_copy(update={"standing": "stands" if there else "gone"})


async def ask(review: Review, subject: Subject, plan: ReviewPlan, checked: FindingStatus) -> RecheckAnswer:
    """Ask whether a changed finding still holds; a failure leaves it open."""
    finding = checked.told.finding
    prompt = render(
        "review/recheck.md.j2",
        nonce=subject.nonce,
        path=finding.path,
        claim=f"{finding.title}\n\n{finding.claim}\n{finding.failing_input}".strip(),
        then=finding.quote,
        now=checked.now,
    )
    system = render("review/verifier.md.j2", repository=review.task.repository.full_name, nonce=subject.nonce)
    hide = partial(placeholders.redact, secrets=await diff.read_secrets(review, plan))
    inquiry = Inquiry(
        assignment=review,
        name=name_step(checked.told),
        role="verify",
        system=system,
        sha=plan.head_sha,
        answer=VERDICT,
        turns=_TURNS,
        max_output=_MAX_OUTPUT,
        hide=hide,
    )
    try:
        answer = await inquiry.ask(prompt)
    except ModelError as error:
        return RecheckAnswer(reason=error.message, short=isinstance(error, BudgetExceeded))
    said = answer.arguments
    if said is None:
        return RecheckAnswer(reason=answer.problem or "the model gave no answer")
    path = str(said["path"]).removeprefix("./")
    quote = str(said["quote"])[:_SAID]
    text = (await diff.read_texts(review, plan, plan.head_sha, [path])).get(path)
    found = places.find_in_text(path, text, quote, finding.line) if text is not None else None
    if found is None:
        return RecheckAnswer(reason="the check quoted code that is not in the file")
    reason = " ".join(str(said["reason"]).split())[:_SAID]
    return RecheckAnswer(fixed=said["holds"] is False, path=path, quote=found.quote, reason=reason)


async def close_fixed(
    review: Review,
    plan: ReviewPlan,
    memory: Memory,
    checked: Sequence[FindingStatus],
    answers: Mapping[str, RecheckAnswer],
) -> Memory:
    """Close what is fixed, reopen what came back, and store how all stands.

    A review that is shown nowhere only looks.
    """
    texts = await diff.read_texts(review, plan, plan.head_sha, {one.told.finding.path for one in checked})

    def conclude_all() -> list[FindingStatus]:
        return [conclude(one, answers.get(one.told.fingerprint), plan.head_sha, texts) for one in checked]

    fixed = {one.fingerprint for one in memory.told if one.state == "fixed"}
    after = [
        one
        for one in await asyncio.to_thread(conclude_all)
        if one.told.fingerprint not in fixed or not one.open or _is_back(one, answers.get(one.told.fingerprint))
    ]
    if not review.task.quiet:
        await _tell(review, plan, memory, after, fixed)
        await _store(review, memory, after)
    brought = {one.told.fingerprint: one.told for one in after}
    return memory.model_copy(update={"told": tuple(brought.get(one.fingerprint, one) for one in memory.told)})


def _is_back(one: FindingStatus, answer: RecheckAnswer | None) -> bool:
    """Return whether its code or the verifier shows a fixed finding again."""
    return one.open and (one.standing == "stands" or (answer is not None and bool(answer.quote)))


def conclude(
    one: FindingStatus, answer: RecheckAnswer | None, head_sha: str, texts: Mapping[str, str]
) -> FindingStatus:
    """Conclude how a finding stands after all answers, and by which code."""
    told = one.told
    text = texts.get(told.finding.path)
    if told.state == "fixed" or (one.open and (one.standing == "gone" or (answer is not None and answer.fixed))):
        return one.model_copy(update={"told": mark_fixed(told, head_sha, text)})
    if not one.open:
        return one.model_copy(update={"told": told.model_copy(update={"head_sha": head_sha})})
    if text is None or (one.standing == "doubtful" and (answer is None or not answer.quote)):
        return one
    finding = told.finding
    if one.standing == "doubtful" and not is_unchanged(finding, relocate(finding, text)) and not finding.removed:
        assert answer is not None
        proof = relocate(finding.model_copy(update={"quote": answer.quote}), text)
        finding = proof if proof is not None and proof.symbol == finding.symbol else finding
    around = read_surroundings(finding, text)[0]
    update = {"finding": finding, "around": around, "head_sha": head_sha}
    return one.model_copy(update={"told": told.model_copy(update=update)})


async def _tell(
    review: Review, plan: ReviewPlan, memory: Memory, after: Sequence[FindingStatus], fixed: Collection[str]
) -> None:
    """Say in its thread what became of each, of those ``fixed`` before too."""
    for one in after:
        thread = memory.thread_of(one.told.fingerprint)
        if thread is None:
            continue
        if one.told.fingerprint in fixed and one.open:
            await _tell_thread(review, plan, memory, one.told, thread, back=True)
        elif one.told.state == "fixed" and not thread.resolved:
            await _tell_thread(review, plan, memory, one.told, thread, back=False)


async def _tell_thread(
    review: Review, plan: ReviewPlan, memory: Memory, told: ReportedFinding, thread: Thread, *, back: bool
) -> None:
    """Say in its thread that a finding is back or fixed; open or resolve it."""
    task = review.task
    github = await review.services.github.for_repository(task.repository, RESOLVE_THREADS)
    mark = (back_marker if back else fixed_marker)(review.task_id, told.fingerprint)
    text = f"Back in {plan.head_sha}: the faulty code is there again." if back else f"Fixed in {plan.head_sha}."
    with unless_locked(f"say that it is {'back' if back else 'fixed'}"):
        await reply(github, task.repository, task.number, thread, text, marker=mark, bot_id=memory.bot_id)
    await (unresolve if back else resolve)(github, thread.id)
    done = f"{'reopen' if back else 'resolve'} thread of #{task.number}"
    await review.audit(done, allowed=True, reason=told.finding.title[:200])


async def _store(review: Review, memory: Memory, after: Sequence[FindingStatus]) -> None:
    task = review.task
    comments = {
        one.told.fingerprint: thread.comments[0].id
        for one in after
        if (thread := memory.thread_of(one.told.fingerprint)) is not None
    }
    rows = [to_row(one.told, comment=comments.get(one.told.fingerprint), reason=one.why) for one in after]
    await review.services.store.run(findings.remember, task.repository, task.number, rows)
