"""Our open findings on a new head: what stands is left, what changed is asked about once, what is fixed is closed.

Code looks first whether the lines and what is around them are as they were; only where they are not is the verifier
asked, and its "fixed" counts only with a quote that stands in the file.
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
from bot.pulls.fingerprints import is_unchanged, relocate
from bot.pulls.memory import (
    FindingStatus,
    Memory,
    ReportedFinding,
    back_marker,
    check_finding,
    detect_regression,
    fixed_marker,
    mark_fixed,
    read_surroundings,
    settle_by_thread,
    to_row,
)
from bot.pulls.records import PlacedFinding, ReviewPlan, Subject
from bot.store import findings
from bot.types import JsonModel
from bot.work.inquiry import Inquiry
from bot.work.prompts import render
from handlers.review import ranking
from handlers.review.batches import ask_all
from handlers.review.verification import VERDICT

# Besides pull_requests GitHub wants contents of an App that resolves a thread.
_TURNS = 5
_AT_MOST = 12
_SAID = 600
# Tokens of an answer: a verdict is short, and a model's thinking counts as well.
_MAX_OUTPUT = 4096


class Answer(JsonModel):
    """What the verifier made of a changed place. ``fixed`` needs ``path`` and ``quote`` that stand in the head.

    ``short``: the budget did not allow the next call.
    """

    fixed: bool = False
    path: str = ""
    quote: str = ""
    reason: str = ""
    short: bool = False


async def recheck(ctx: Ctx, review: Review, subject: Subject, looked: ReviewPlan, memory: Memory) -> Memory:
    """Memory brought to the head: findings where their code is now, those that were fixed closed in their threads."""
    if not memory.watched():
        return memory
    checked = await ctx.step("recheck", by_code, review, looked, memory)
    steps = {
        step_name(one.told): Step(ask, (review, subject, looked, one), interruptible=True)
        for one in (most_important(checked, looked) if review.max_dollars else [])
    }
    answers = await ask_all(ctx, steps)
    by_name = {one.told.fingerprint: answers[name] for one in checked if (name := step_name(one.told)) in answers}
    return await ctx.step("close-fixed", close, review, looked, memory, checked, by_name, retries=2)


def step_name(told: ReportedFinding) -> str:
    """The name of the step that asks about a finding."""
    return f"recheck-{told.fingerprint}"


def most_important(checked: Sequence[FindingStatus], looked: ReviewPlan) -> list[FindingStatus]:
    """The open findings that only a model can judge, most important first, and no more than are worth the money."""
    risks = {file.path: file.risk for file in looked.files}
    doubtful = [one for one in checked if one.open and one.standing == "doubtful"]
    settled = {
        one.told.fingerprint: PlacedFinding(finding=one.told.finding, verdict=one.told.verdict) for one in doubtful
    }
    return sorted(doubtful, key=lambda one: ranking.weight(settled[one.told.fingerprint], risks))[:_AT_MOST]


async def by_code(review: Review, looked: ReviewPlan, memory: Memory) -> tuple[FindingStatus, ...]:
    """How each open finding stands, by its code and by what people said below it."""
    told = memory.watched()
    blind = _blind(looked, memory)
    texts = await diff.read_texts(review, looked, looked.head_sha, {one.finding.path for one in told})
    if any(one.finding.path not in texts for one in told):
        # The code may have moved to another file of the change.
        texts |= await diff.read_texts(review, looked, looked.head_sha, {file.path for file in looked.files})

    def look() -> tuple[FindingStatus, ...]:
        return tuple(one for each in told if (one := _now(each, texts, blind, memory)) is not None)

    return await asyncio.to_thread(look)


def _now(
    told: ReportedFinding, texts: Mapping[str, str], blind: Collection[str], memory: Memory
) -> FindingStatus | None:
    """Return how a finding stands; None for a fixed one that did not come back."""
    if told.state != "fixed":
        return settle_by_thread(_stands(told, texts, blind), memory)
    return None if told.finding.path in blind else detect_regression(told, memory, texts)


def _stands(told: ReportedFinding, texts: Mapping[str, str], blind: Collection[str]) -> FindingStatus:
    """How a finding stands by its code. One about a secret is fixed where nothing of it is found any more."""
    if told.finding.path in blind:
        return FindingStatus(told=told, standing="stands")
    checked, finding = check_finding(told, texts), told.finding
    if checked.standing != "doubtful" or not finding.source.startswith(f"{placeholders.TOOL}:"):
        return checked
    places = [texts[finding.path]] if finding.path in texts else list(texts.values())
    wanted = placeholders.find_placeholders(finding.quote) or (finding.quote.strip(),)
    there = any(each in text for each in wanted for text in places)
    return checked.model_copy(update={"standing": "stands" if there else "gone"})


def _blind(looked: ReviewPlan, memory: Memory) -> set[str]:
    """Files that held secrets and were not searched for them now: nobody can tell, and nobody may be shown them."""
    secret = (one for one in memory.told if one.finding.source.startswith(f"{placeholders.TOOL}:"))
    return {one.finding.path for one in secret} if looked.secrets is None else set()


async def ask(review: Review, subject: Subject, looked: ReviewPlan, checked: FindingStatus) -> Answer:
    """Whether a finding still holds where its code changed. A model that fails leaves it open."""
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
    hide = partial(placeholders.redact, secrets=await diff.read_secrets(review, looked))
    inquiry = Inquiry(
        assignment=review,
        name=step_name(checked.told),
        role="verify",
        system=system,
        sha=looked.head_sha,
        answer=VERDICT,
        turns=_TURNS,
        max_output=_MAX_OUTPUT,
        hide=hide,
    )
    try:
        answer = await inquiry.ask(prompt)
    except ModelError as error:
        return Answer(reason=error.message, short=isinstance(error, BudgetExceeded))
    said = answer.arguments
    if said is None:
        return Answer(reason=answer.problem or "the model gave no answer")
    path, quote = str(said["path"]).removeprefix("./"), str(said["quote"])[:_SAID]
    text = (await diff.read_texts(review, looked, looked.head_sha, [path])).get(path)
    found = places.find_in_text(path, text, quote, finding.line) if text is not None else None
    if found is None:
        return Answer(reason="the check quoted code that is not in the file")
    reason = " ".join(str(said["reason"]).split())[:_SAID]
    return Answer(fixed=said["holds"] is False, path=path, quote=found.quote, reason=reason)


async def close(
    review: Review, looked: ReviewPlan, memory: Memory, checked: Sequence[FindingStatus], answers: Mapping[str, Answer]
) -> Memory:
    """Say below what is fixed that it is, resolve it, and store how everything stands."""
    texts = await diff.read_texts(review, looked, looked.head_sha, {one.told.finding.path for one in checked})

    def conclude() -> list[FindingStatus]:
        return [concluded(one, answers.get(one.told.fingerprint), looked.head_sha, texts) for one in checked]

    fixed = {one.fingerprint for one in memory.told if one.state == "fixed"}
    after = [
        one
        for one in await asyncio.to_thread(conclude)
        if one.told.fingerprint not in fixed or not one.open or _is_back(one, answers.get(one.told.fingerprint))
    ]
    for one in after:
        thread = memory.thread_of(one.told.fingerprint)
        if thread is None:
            continue
        if one.told.fingerprint in fixed and one.open:
            await _say_back(review, looked, memory, one.told, thread)
        elif one.told.state == "fixed" and not thread.resolved:
            await _say_fixed(review, looked, memory, one.told, thread)
    await _store(review, memory, after)
    brought = {one.told.fingerprint: one.told for one in after}
    return memory.model_copy(update={"told": tuple(brought.get(one.fingerprint, one) for one in memory.told)})


def _is_back(one: FindingStatus, answer: Answer | None) -> bool:
    """Whether a finding that was fixed holds again: its code says so, or the verifier showed it."""
    return one.open and (one.standing == "stands" or (answer is not None and bool(answer.quote)))


def concluded(one: FindingStatus, answer: Answer | None, head_sha: str, texts: Mapping[str, str]) -> FindingStatus:
    """Return the finding after all answers; one that still holds is remembered by the code it holds for now."""
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


async def _say_back(review: Review, looked: ReviewPlan, memory: Memory, told: ReportedFinding, thread: Thread) -> None:
    """Say in its thread that a fix was taken back, and open the thread again."""
    task = review.task
    github = await review.services.github.for_repository(task.repository, RESOLVE_THREADS)
    mark = back_marker(review.task_id, told.fingerprint)
    text = f"Back in {looked.head_sha}: the code that was wrong is there again."
    await reply(github, task.repository, task.number, thread, text, marker=mark, bot_id=memory.bot_id)
    await unresolve(github, thread.id)
    await review.audit(f"reopen thread of #{task.number}", allowed=True, reason=told.finding.title[:200])


async def _say_fixed(review: Review, looked: ReviewPlan, memory: Memory, told: ReportedFinding, thread: Thread) -> None:
    task = review.task
    github = await review.services.github.for_repository(task.repository, RESOLVE_THREADS)
    mark = fixed_marker(review.task_id, told.fingerprint)
    text = f"Fixed in {looked.head_sha}."
    await reply(github, task.repository, task.number, thread, text, marker=mark, bot_id=memory.bot_id)
    await resolve(github, thread.id)
    await review.audit(f"resolve thread of #{task.number}", allowed=True, reason=told.finding.title[:200])


async def _store(review: Review, memory: Memory, after: Sequence[FindingStatus]) -> None:
    repository, number = review.task.repository.full_name, review.task.number
    comments = {
        one.told.fingerprint: thread.comments[0].id
        for one in after
        if (thread := memory.thread_of(one.told.fingerprint)) is not None
    }
    rows = [
        to_row(one.told, repository, number, comment=comments.get(one.told.fingerprint), reason=one.why)
        for one in after
    ]
    await review.services.store.run(lambda connection: findings.remember(connection, rows))
