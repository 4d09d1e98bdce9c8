"""Start, restart and stop reviews as pull requests are opened, pushed to and closed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from bot.dispatch.start import Request, active_key, begin, cancel_active, decided, sender_role, start
from bot.doors.webhook.router import Event, Router
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
from handlers.review.previous import FLOW

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
        await ask(services, event, offer.task(event, "asked"))


@router.on("pull_request", "closed")
async def closed(event: Event, services: Services) -> None:
    """Nobody needs the review any more."""
    await cancel_active(services, event, FLOW)


async def ask(services: Services, event: Event, task: ReviewTask) -> None:
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
    active = await services.store.run(lambda connection: tasks.find_holder(connection, key))
    if active is None or offer.head_sha in {active.posted.get("head"), active.argument.get("head_sha")}:
        return None
    await services.engine.cancel(active.id, f"A push of {offer.head_sha[:10]}")
    return ReviewTask.model_validate(active.argument).trigger


async def _has_open_findings(services: Services, offer: _Offer) -> bool:
    name, number = offer.repository.full_name, offer.number
    return await services.store.run(lambda connection: findings.has_watched(connection, name, number))


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
