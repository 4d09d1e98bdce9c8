"""Posting: one review with its comments, on the head it was made for, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bot.edits.syntax import broken_by
from bot.github.api.scopes import CHECKS, READ
from bot.github.resources import pulls, reviews
from bot.github.resources.reviews import Overtaken, ReviewComment
from bot.github.text.diffs import FileDiff
from bot.github.text.markers import Marker, with_marker
from bot.github.text.suggestions import suggestion
from bot.pulls import diff, placeholders
from bot.pulls.diff import Review
from bot.pulls.fingerprints import fingerprint
from bot.pulls.memory import finding_marker
from bot.pulls.records import PlacedFinding, ReviewPlan, ReviewResult, Subject
from bot.store import reporting
from bot.types import JsonModel
from handlers.review.pull_request import stop_reason
from handlers.review.stages import Stage
from handlers.review.words import comment_text, review_text


class Posted(JsonModel):
    """``stop`` says why nothing was posted; ``refused`` are the places in ``inline`` of what GitHub did not take.

    ``comments`` are the ids of the comments, in the order of ``inline`` without those.
    """

    stop: str | None = None
    refused: tuple[int, ...] = ()
    comments: tuple[int, ...] = ()


async def account(review: Review, reviewed: ReviewResult) -> ReviewResult:
    """The review with what the task has cost by now."""
    spent = await review.services.store.run(lambda connection: reporting.sum_spending(connection, review.task_id))
    return reviewed.model_copy(update={"dollars": spent.dollars, "calls": spent.calls})


async def post(review: Review, subject: Subject, looked: ReviewPlan, reviewed: ReviewResult) -> Posted:
    """Post what is to be said inline, once however often the step runs; an old head or base gets nothing."""
    await review.stage(Stage.POST, "started")
    if not reviewed.inline:
        stop = await _overtaken(review, subject)
        return Posted(stop=stop)
    task, services = review.task, review.services
    github = await services.github.for_repository(task.repository, CHECKS)
    comments = await _comments(review, looked, reviewed)
    try:
        posted = await reviews.create_review(
            github,
            task.repository,
            task.number,
            looked.head_sha,
            services.outgoing(review_text(reviewed)),
            comments,
            "REQUEST_CHANGES" if reviewed.blocks else "COMMENT",
            marker=Marker(task=review.task_id, part="review"),
            bot_id=(await services.github.bot()).id,
            base_branch=subject.base_branch,
        )
    except Overtaken as error:
        return Posted(stop=error.message)
    await review.audit(f"review #{task.number}", allowed=True, reason=f"{len(comments)} comments")
    refused = tuple(number for number, comment in enumerate(comments) if comment in posted.refused)
    ids = await reviews.comments_of(github, task.repository, task.number, posted.id)
    return Posted(refused=refused, comments=ids)


async def _overtaken(review: Review, subject: Subject) -> str | None:
    github = await review.services.github.for_repository(review.task.repository, READ)
    pull = await pulls.get_pull(github, review.task.repository, review.task.number)
    if pull.state == "open" and pull.base_branch != subject.base_branch:
        return f"Superseded: the base is {pull.base_branch} by now."
    return stop_reason(review, pull)


async def _comments(review: Review, looked: ReviewPlan, reviewed: ReviewResult) -> list[ReviewComment]:
    diffs = await diff.read_changed(review, looked)
    head = await diff.read_texts(review, looked, looked.head_sha, {one.finding.path for one in reviewed.inline})

    def written() -> list[ReviewComment]:
        return [_comment(review, one, comment_text(one, _suggestion(one, diffs, head))) for one in reviewed.inline]

    return await asyncio.to_thread(written)


def _suggestion(one: PlacedFinding, diffs: Mapping[str, FileDiff], head: Mapping[str, str]) -> str:
    """A block that can be committed with a click; "" where the finding has none or it would not fit."""
    finding, anchor = one.finding, one.anchor
    text = head.get(finding.path)
    if (
        finding.suggestion is None
        or anchor is None
        or text is None
        or placeholders.find_placeholders(finding.suggestion)
    ):
        return ""
    quote = finding.part or finding.quote
    found = suggestion(anchor, diffs[finding.path], text, finding.suggestion, quote=quote, broken_by=broken_by)
    return found or ""


def _comment(review: Review, one: PlacedFinding, text: str) -> ReviewComment:
    """The comment at its place, else on its file; its mark says which finding it tells."""
    body = with_marker(review.services.outgoing(text), finding_marker(review.task_id, fingerprint(one.finding)))
    anchor = one.anchor
    if anchor is None:
        return ReviewComment(path=one.finding.path, body=body)
    return ReviewComment(
        path=anchor.path,
        body=body,
        line=anchor.line,
        side=anchor.side,
        start_line=anchor.start_line,
        start_side=anchor.start_side,
    )
