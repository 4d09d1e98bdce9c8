"""Review: a pull request is read, and what can be proved is said where it belongs.

By itself when a pull request is opened, reopened or ready, as the policy says; else when somebody with write permission
asks: ``/review``, a review requested of the bot, or the buttons of its check run. Of several heads the newest wins.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bot.dispatch.start import Request, begin_typed, sender_role, start
from bot.dispatch.status import FIX_THESE, REVIEW_AGAIN
from bot.doors.comments.commands import ON_PULLS, Arguments, Command, Invocation
from bot.doors.webhook.router import Event, Router
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.pulls.records import ReviewTask
from bot.store import tasks
from bot.work.services import Services
from handlers.review import check_run, triggers
from handlers.review import words as words
from handlers.review.pipeline import run_review
from handlers.review.previous import FLOW
from handlers.review.voice import Voice
from handlers.revise import task as revise
from handlers.revise.records import RevisionTask

VOICE = Voice(
    comment=words.comment_text,
    review=words.review_text,
    summary=words.summary_text,
    check=words.check_report,
    sentence=words.sentence,
)

router: Router[Services] = Router.merged(triggers.router)


@router.on("check_run", "rerequested")
@router.on("check_run", "requested_action")
async def pressed(event: Event, services: Services) -> None:
    """A button of our check run: read that head once more, or mend what is open on the pull request."""
    run, wanted = event.payload.get("check_run") or {}, event.payload.get("requested_action") or {}
    repository, actor, earlier = event.repository(), event.sender(), str(run.get("external_id") or "")
    known = await services.store.run(lambda connection: tasks.get(connection, earlier))
    if repository is None or actor is None:
        return
    ours = known is not None and known.flow == FLOW and known.argument["repository"]["id"] == repository.id
    number = known.number if known is not None and ours else check_run.pull_of(earlier)
    if number is None:
        return
    where = {"repository": repository, "number": number, "actor": actor, "delivery": event.guid}
    if event.action == "rerequested" or wanted.get("identifier") == REVIEW_AGAIN.identifier:
        head = str(run.get("head_sha") or "")
        await triggers.ask(services, event, ReviewTask.model_validate({**where, "head_sha": head, "trigger": "again"}))
    elif wanted.get("identifier") == FIX_THESE.identifier:
        now = datetime.now(UTC).isoformat()
        task = RevisionTask.model_validate({**where, "triggered": now, "findings": True})
        request = Request(event=event, flow=revise.FLOW, argument=task, writes=True, source="button", alone=False)
        await start(services, request, await sender_role(services, event))


async def typed(invocation: Invocation, services: Services) -> None:
    """``/review`` on a pull request."""
    task = ReviewTask(
        repository=invocation.repository,
        number=invocation.number,
        actor=invocation.actor,
        delivery=invocation.event.guid,
        trigger="asked",
        full=invocation.argument == "full",
    )
    await begin_typed(services, invocation, Request(event=invocation.event, flow=FLOW, argument=task, writes=False))


COMMAND = Command(
    name="review",
    summary="Reads the pull request and comments on what it can prove.",
    explanation="Also on drafts and on pull requests from forks, whose code is read but never run. A head that was "
    "reviewed before costs nothing, unless you want it read in `full` again.",
    examples=(
        ("/review", "reviews the present head"),
        ("/review full", "reads everything again, also what was read before"),
    ),
    places=ON_PULLS,
    run=typed,
    arguments=Arguments(shown="[full]", words=("full",)),
    needs_open=True,
)


def flow(services: Services) -> FlowSpec:
    """The workflow, bound to the services it runs with."""

    async def run(ctx: Ctx, task: ReviewTask) -> Outcome:
        return await run_review(ctx, services, VOICE, task)

    return FlowSpec(name=FLOW, run=run, argument=ReviewTask)
