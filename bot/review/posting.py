"""Posting: one review with its comments, on the head it was made for, or nothing."""

from __future__ import annotations

from bot.change.reading import READ
from bot.github import pulls, reviews
from bot.github.markers import Marker
from bot.github.reviews import Overtaken, ReviewComment
from bot.review.change import Review
from bot.review.reading import stop_reason
from bot.review.records import Looked, Reviewed, Settled
from bot.review.sign import WRITE
from bot.review.voice import Voice
from bot.store import reporting
from bot.types import JsonModel


class Posted(JsonModel):
    """``stop`` says why nothing was posted; ``refused`` are the places in ``inline`` of what GitHub did not take."""

    stop: str | None = None
    url: str = ""
    refused: tuple[int, ...] = ()


async def account(review: Review, reviewed: Reviewed) -> Reviewed:
    """The review with what the task has cost by now."""
    spent = await review.services.store.run(lambda connection: reporting.spent_by_task(connection, review.task_id))
    return reviewed.model_copy(update={"dollars": spent.dollars, "calls": spent.calls})


async def post(review: Review, looked: Looked, reviewed: Reviewed, voice: Voice) -> Posted:
    """Post what is to be said inline, once however often the step runs; an old head gets nothing."""
    await review.stage("post", "started")
    if not reviewed.inline:
        stop = await _overtaken(review)
        return Posted(stop=stop)
    task, services = review.task, review.services
    github = await services.github.for_repository(task.repository, WRITE)
    comments = [_comment(review, one, voice) for one in reviewed.inline]
    try:
        posted = await reviews.create_review(
            github,
            task.repository,
            task.number,
            looked.head_sha,
            services.outgoing(voice.review(reviewed)),
            comments,
            "REQUEST_CHANGES" if reviewed.blocks else "COMMENT",
            marker=Marker(task=review.task_id, part="review"),
            bot_id=(await services.github.bot()).id,
        )
    except Overtaken as error:
        return Posted(stop=error.message)
    await review.audit(f"review #{task.number}", allowed=True, reason=f"{len(comments)} comments")
    refused = tuple(number for number, comment in enumerate(comments) if comment in posted.refused)
    return Posted(url=posted.html_url, refused=refused)


async def _overtaken(review: Review) -> str | None:
    github = await review.services.github.for_repository(review.task.repository, READ)
    return stop_reason(review, await pulls.get_pull(github, review.task.repository, review.task.number))


def _comment(review: Review, one: Settled, voice: Voice) -> ReviewComment:
    body = review.services.outgoing(voice.comment(one, ""))
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
