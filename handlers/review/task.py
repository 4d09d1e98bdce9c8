"""Review: a pull request is read, and what can be proved is said where it belongs.

By itself when a pull request is opened, reopened or ready, as the policy says; else when somebody with write permission
asks: ``/review``, a review requested of the bot, or the buttons of its check run. Of several heads the newest wins.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from bot.dispatch.start import Request, active_key, begin, begin_typed, cancel_active, decided, sender_role, start
from bot.dispatch.status import FIX_THESE, REVIEW_AGAIN
from bot.doors.comments.commands import ON_PULLS, Arguments, Command, Invocation
from bot.doors.webhook.router import Event, Router
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.github.api.scopes import CHECKS, READ_CODE
from bot.github.resources import permissions
from bot.github.resources.checks import CheckReport
from bot.policy import Decision, Policy, PolicyError, may
from bot.pulls.records import ReviewTask, Trigger
from bot.store import findings, tasks
from bot.types import Actor, Repository
from bot.work.services import Services
from handlers.review import check_run
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

router: Router[Services] = Router()


class _Offer(NamedTuple):
    """A pull request as a delivery describes it. ``author`` opened it, ``sender`` did what the delivery tells."""

    repository: Repository
    number: int
    head_sha: str
    from_fork: bool
    draft: bool
    author: Actor
    sender: Actor

    def task(self, event: Event, trigger: Trigger) -> ReviewTask:
        return ReviewTask(
            repository=self.repository,
            number=self.number,
            actor=self.sender,
            delivery=event.guid,
            head_sha=self.head_sha,
            trigger=trigger,
        )


@router.on("pull_request", "opened")
@router.on("pull_request", "reopened")
@router.on("pull_request", "ready_for_review")
async def offered(event: Event, services: Services) -> None:
    """Start a review, if policy wants one and somebody with write permission stands for its cost."""
    offer = _offer(event)
    if offer is None or (offer.draft and event.action != "ready_for_review") or await _is_us(services, offer.sender):
        return
    policy = await _policy(services, event, offer)
    if policy is not None and event.action in policy.review.on:
        await _consider(services, event, offer, policy, "opened")


@router.on("pull_request", "synchronize")
async def pushed(event: Event, services: Services) -> None:
    """The head moved: what reads the old one starts over; else our open findings are looked at again.

    New hunks are read by themselves only where policy says so, and never after a push of our own.
    """
    offer = _offer(event)
    if offer is None:
        return
    ours = await _is_us(services, offer.sender)
    dropped = await _drop_older(services, offer)
    told = dropped is not None or await _has_open_findings(services, offer)
    policy = await _policy(services, event, offer) if told or not ours else None
    if policy is None:
        return
    if told or ("synchronize" in policy.review.on and not offer.draft):
        again = None if dropped == "ours" else dropped
        await _consider(services, event, offer, policy, again or ("ours" if ours else "push"))


@router.on("pull_request", "review_requested")
async def requested(event: Event, services: Services) -> None:
    """Somebody wants a review by us, also of a draft."""
    offer, reviewer = _offer(event), event.payload.get("requested_reviewer") or {}
    if offer is not None and reviewer.get("id") == (await services.github.bot()).id:
        await _ask(services, event, offer.task(event, "asked"))


@router.on("pull_request", "closed")
async def closed(event: Event, services: Services) -> None:
    """Nobody needs the review any more."""
    await cancel_active(services, event, FLOW)


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
        await _ask(services, event, ReviewTask.model_validate({**where, "head_sha": head, "trigger": "again"}))
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


async def _ask(services: Services, event: Event, task: ReviewTask) -> None:
    """Start for a person who asked, if they have write permission."""
    if await _is_us(services, task.actor):
        return
    role = await sender_role(services, event)
    await start(services, await _request(services, event, task), role)


async def _consider(services: Services, event: Event, offer: _Offer, policy: Policy, trigger: Trigger) -> None:
    """Start without being asked, if somebody with write permission stands for the cost; else say who may ask."""
    task = offer.task(event, trigger)
    decision = await _pays(services, offer, policy)
    await decided(services, event.guid, offer.repository, offer.sender, f"start {FLOW}", decision)
    if decision.allowed:
        await begin(services, await _request(services, event, task))
        return
    text = services.outgoing(f"{decision.reason} Somebody with write permission starts a review with `/review`.")
    report = CheckReport(title="Not reviewed by itself", summary=text, conclusion="skipped")
    await check_run.say(services, task, offer.head_sha, report)


async def _pays(services: Services, offer: _Offer, policy: Policy) -> Decision:
    """Who pushes to the repository may spend; of a fork its author, if they could push, unless policy opens it."""
    trusted = services.settings.trusted_bots
    if await _is_us(services, offer.sender):
        return Decision(True, "We pushed what somebody with write permission had asked for.")
    if offer.sender.type == "Bot":
        return may(offer.sender, None, "write", trusted)
    if not offer.from_fork:
        return Decision(True, "The head branch is in the repository, and pushing there needs write permission.")
    if policy.review.forks:
        return Decision(True, "The policy has pull requests of forks reviewed (`review.forks`).")
    github = await services.github.for_repository(offer.repository, READ_CODE)
    role = await permissions.role_of(github, offer.repository, offer.author.login)
    return may(offer.author, role, "write", trusted)


async def _policy(services: Services, event: Event, offer: _Offer) -> Policy | None:
    """The policy, and meanwhile the token of the first sign; one that is wrong is told on the check run."""
    try:
        policy, _ = await asyncio.gather(
            services.policies.load(offer.repository), services.github.for_repository(offer.repository, CHECKS)
        )
    except PolicyError as error:
        task, text = offer.task(event, "opened"), services.outgoing(error.message)
        report = CheckReport(title="The configuration is wrong", summary=text, conclusion="neutral")
        await check_run.say(services, task, offer.head_sha, report)
        return None
    return policy


async def _drop_older(services: Services, offer: _Offer) -> Trigger | None:
    """Stop the review of another head; why that had been started."""
    key = active_key(FLOW, offer.repository, offer.number)
    active = await services.store.run(lambda connection: tasks.holder(connection, key))
    if active is None or offer.head_sha in {active.posted.get("head"), active.argument.get("head_sha")}:
        return None
    await services.engine.cancel(active.id, f"A push of {offer.head_sha[:10]}")
    return ReviewTask.model_validate(active.argument).trigger


async def _has_open_findings(services: Services, offer: _Offer) -> bool:
    name, number = offer.repository.full_name, offer.number
    return await services.store.run(lambda connection: findings.any_unsettled(connection, name, number))


async def _request(services: Services, event: Event, task: ReviewTask) -> Request:
    """The request, whose first sign is the check run."""
    request = Request(event=event, flow=FLOW, argument=task, writes=False, source="event")
    fresh = await services.store.run(lambda connection: tasks.get(connection, request.task_id)) is None
    return replace(request, acknowledge=partial(_sign, services, task, request.task_id, fresh))


async def _sign(services: Services, task: ReviewTask, task_id: str, fresh: bool, holder: str) -> None:
    """The check run in progress; looked for first only where this delivery was handled before."""
    if holder == task_id and task.head_sha is not None:
        await check_run.show(services, task, task_id, task.head_sha, fresh=fresh)


async def _is_us(services: Services, actor: Actor) -> bool:
    return actor.type == "Bot" and actor.id == (await services.github.bot()).id


def _offer(event: Event) -> _Offer | None:
    """None where the payload lacks what every real one has."""
    pull: dict[str, Any] = event.payload.get("pull_request") or {}
    head, user = pull.get("head") or {}, pull.get("user") or {}
    repository, number, sender, sha = event.repository(), event.number, event.sender(), head.get("sha")
    if repository is None or number is None or sender is None or not isinstance(sha, str):
        return None
    if not isinstance(user.get("id"), int) or not isinstance(user.get("login"), str):
        return None
    return _Offer(
        repository=repository,
        number=number,
        head_sha=sha,
        from_fork=(head.get("repo") or {}).get("id") != repository.id,
        draft=pull.get("draft") is True,
        author=Actor(login=user["login"], id=user["id"], type=str(user.get("type") or "User")),
        sender=sender,
    )
