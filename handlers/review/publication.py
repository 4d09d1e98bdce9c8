"""Post one review with its comments, on the head it was made for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.edits.syntax import find_syntax_error
from bot.github.api.errors import Locked
from bot.github.api.scopes import CHECKS, READ
from bot.github.resources import pulls, reviews
from bot.github.resources.reviews import Overtaken, ReviewComment
from bot.github.text.diffs import FileDiff
from bot.github.text.markers import Marker, with_marker
from bot.github.text.suggestions import suggestion
from bot.markdown import counted
from bot.pulls import diff, placeholders
from bot.pulls.diff import Review
from bot.pulls.fingerprints import fingerprint
from bot.pulls.memory import finding_marker
from bot.pulls.records import PlacedFinding, ReviewPlan, ReviewResult, Subject
from bot.store import reporting
from bot.types import JsonModel
from handlers.review.pull_request import find_stop_reason
from handlers.review.stages import Stage
from handlers.review.words import write_comment, write_review


class PublicationResult(JsonModel):
    """Review as GitHub took it, or in ``stop`` why nothing was posted."""

    stop: str | None = None
    refused: tuple[int, ...] = ()  # places in ``inline`` of what GitHub did not take
    comments: tuple[int, ...] = ()  # ids, in the order of ``inline`` without those
    locked: bool = False  # nothing may be said in the conversation
    kept: tuple[str, ...] = ()  # texts of ``inline`` where only the task's result is to hold them


async def add_cost(review: Review, result: ReviewResult) -> ReviewResult:
    """Add to the result what the task has cost by now."""
    spent = await review.services.store.run(reporting.sum_spending, review.task_id)
    return result.model_copy(update={"dollars": spent.dollars, "calls": spent.calls})


async def post(review: Review, subject: Subject, plan: ReviewPlan, result: ReviewResult) -> PublicationResult:
    """Post what is inline once, and nothing on an old head or base."""
    task = review.task
    if task.quiet:
        kept = await _write_texts(review, plan, result)
        return PublicationResult(stop=await _find_stop(review, subject), kept=tuple(kept))
    await review.stage(Stage.POST, "started")
    if not result.inline:
        return PublicationResult(stop=await _find_stop(review, subject))
    services = review.services
    github = await services.github.for_repository(task.repository, CHECKS)
    comments = await _write_comments(review, plan, result)
    try:
        posted = await reviews.create_review(
            github,
            task.repository,
            task.number,
            plan.head_sha,
            services.outgoing(write_review(result)),
            comments,
            "REQUEST_CHANGES" if result.blocks else "COMMENT",
            marker=Marker(task=review.task_id, part="review"),
            bot_id=(await services.github.bot()).id,
            base_branch=subject.base_branch,
        )
    except Overtaken as error:
        return PublicationResult(stop=error.message)
    except Locked as error:
        await review.audit(f"review #{task.number}", allowed=False, reason=error.message)
        return PublicationResult(refused=tuple(range(len(comments))), locked=True)
    await review.audit(f"review #{task.number}", allowed=True, reason=counted(len(comments), "comment"))
    refused = tuple(number for number, comment in enumerate(comments) if comment in posted.refused)
    ids = await reviews.comments_of(github, task.repository, task.number, posted.id)
    return PublicationResult(refused=refused, comments=ids)


async def _find_stop(review: Review, subject: Subject) -> str | None:
    github = await review.services.github.for_repository(review.task.repository, READ)
    pull = await pulls.get_pull(github, review.task.repository, review.task.number)
    if pull.state == "open" and pull.base_branch != subject.base_branch:
        return f"Superseded: the base is {pull.base_branch} by now."
    return find_stop_reason(review, pull)


async def _write_comments(review: Review, plan: ReviewPlan, result: ReviewResult) -> list[ReviewComment]:
    texts = await _write_texts(review, plan, result)

    def make() -> list[ReviewComment]:
        return [_make_comment(review, one, text) for one, text in zip(result.inline, texts, strict=True)]

    return await asyncio.to_thread(make)


async def _write_texts(review: Review, plan: ReviewPlan, result: ReviewResult) -> list[str]:
    """Write what stands at each place, with suggestions that fit."""
    diffs = await diff.read_changed(review, plan)
    head = await diff.read_texts(review, plan, plan.head_sha, {one.finding.path for one in result.inline})

    def write() -> list[str]:
        return [write_comment(one, _make_suggestion(one, diffs, head)) for one in result.inline]

    return await asyncio.to_thread(write)


def _make_suggestion(one: PlacedFinding, diffs: Mapping[str, FileDiff], head: Mapping[str, str]) -> str:
    """Return a block that can be committed with a click, or ""."""
    finding = one.finding
    anchor = one.anchor
    text = head.get(finding.path)
    if (
        finding.suggestion is None
        or anchor is None
        or text is None
        or placeholders.find_placeholders(finding.suggestion)
    ):
        return ""
    quote = finding.part or finding.quote
    found = suggestion(anchor, diffs[finding.path], text, finding.suggestion, quote=quote, broken_by=find_syntax_error)
    return found or ""


def _make_comment(review: Review, one: PlacedFinding, text: str) -> ReviewComment:
    """Make the marked comment at its place, else on its file."""
    body = with_marker(review.services.outgoing(text), finding_marker(review.task_id, fingerprint(one.finding)))
    if one.anchor is None:
        return ReviewComment(path=one.finding.path, body=body)
    return ReviewComment.at(one.anchor, body)
