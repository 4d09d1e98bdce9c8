"""Start, restart and stop reviews as pull requests are opened, pushed to and closed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from bot.dispatch.start import Request, begin, cancel_active, decided, sender_role, start
from bot.doors.webhook.router import Event, Router
from bot.github.api.scopes import CHECKS, READ_CODE
from bot.github.resources import permissions
from bot.github.resources.checks import CheckReport
from bot.policy import Decision, Policy, PolicyError, may
from bot.pulls.records import ReviewTask, Trigger
from bot.store import findings, tasks
from bot.store.tasks import Task
from bot.types import Actor, Repository
from bot.work.services import Services
from handlers.review import check_run
from handlers.review import words as words
from handlers.review.previous import FLOW

# What a review was started for without anybody who would have stood for its cost.
_UNPAID: frozenset[Trigger] = frozenset({"ours", "look"})

router: Router[Services] = Router()


class _Offer(NamedTuple):
    """A pull request as a delivery describes it. ``author`` opened it, ``sender`` did what the delivery tells."""

    repository: Repository
    number: int
    head_sha: str
    base_branch: str
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
            base_branch=self.base_branch,
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
        await _consider(services, event, offer, policy, offer.task(event, "opened"))


@router.on("pull_request", "synchronize")
async def pushed(event: Event, services: Services) -> None:
    """Start over what reads the old head, else look again at our findings.

    New hunks are read by themselves only where policy says so, and never after a push of our own.
    """
    offer = _offer(event)
    if offer is not None:
        await _renew(services, event, offer, watched=await _has_watched_findings(services, offer))


@router.on("pull_request", "edited")
async def retargeted(event: Event, services: Services) -> None:
    """Treat another base like a push: what was said was said of another diff, and its check stands on the same head."""
    offer = _offer(event)
    if offer is not None and "base" in (event.payload.get("changes") or {}):
        await _renew(services, event, offer, watched=await _newest(services, offer) is not None)


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


async def _renew(services: Services, event: Event, offer: _Offer, *, watched: bool) -> None:
    """Put a review of the diff as it is now in the place of what an older one has begun or said."""
    ours = await _is_us(services, offer.sender)
    dropped = await _drop_older(services, offer)
    told = watched or dropped is not None
    policy = await _policy(services, event, offer) if told or not ours else None
    if policy is None or not (told or ("synchronize" in policy.review.on and not offer.draft)):
        return
    if dropped is not None and dropped.trigger not in _UNPAID:
        task = offer.task(event, dropped.trigger).model_copy(update={"full": dropped.full})
        await _consider(services, event, offer, policy, task, paid_by=dropped.actor, watched=watched)
        return
    task = offer.task(event, "ours" if ours else "push")
    await _consider(services, event, offer, policy, task, watched=watched)


async def _consider(
    services: Services,
    event: Event,
    offer: _Offer,
    policy: Policy,
    task: ReviewTask,
    *,
    paid_by: Actor | None = None,
    watched: bool = False,
) -> None:
    """Start without being asked, if somebody with write permission stands for the cost; else say who may ask.

    What was begun for ``paid_by`` goes on for them whoever pushes. Where nobody pays, findings that are ``watched`` are
    still looked at by code, which costs nothing: a push must not replace a failing check by one that says nothing.
    """
    decision = await _pays(services, offer, policy)
    if not decision.allowed and paid_by is not None:
        task = task.model_copy(update={"actor": paid_by})
        decision = Decision(True, f"It goes on for @{paid_by.login}, for whom it was started on an older head.")
    await decided(services, event.guid, offer.repository, task.actor, f"start {FLOW}", decision)
    if not decision.allowed and watched:
        task = task.model_copy(update={"trigger": "look"})
    if decision.allowed or watched:
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


async def _drop_older(services: Services, offer: _Offer) -> ReviewTask | None:
    """Return the review that this delivery overtakes, stopped; also one that has noticed by itself and given up."""
    newest = await _newest(services, offer)
    if newest is None or _reads(newest, offer):
        return None
    if newest.ended is None:
        await services.engine.cancel(newest.id, f"A push of {offer.head_sha[:10]}")
    elif not ((newest.result or {}).get("data") or {}).get("overtaken"):
        return None
    return ReviewTask.model_validate(newest.argument)


def _reads(task: Task, offer: _Offer) -> bool:
    """Whether a review is about the head and the base that a delivery names."""
    heads = {task.posted.get("head"), task.argument.get("head_sha")}
    bases = {task.posted.get("base"), task.argument.get("base_branch")} - {None}
    return offer.head_sha in heads and (not bases or offer.base_branch in bases)


async def _newest(services: Services, offer: _Offer) -> Task | None:
    found = await services.store.run(
        lambda connection: tasks.find(connection, offer.repository.id, offer.number, flow=FLOW)
    )
    return found[0] if found else None


async def _has_watched_findings(services: Services, offer: _Offer) -> bool:
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
        await check_run.show(services, task, task_id, task.head_sha, base=task.base_branch, fresh=fresh)


async def _is_us(services: Services, actor: Actor) -> bool:
    return actor.type == "Bot" and actor.id == (await services.github.bot()).id


def _offer(event: Event) -> _Offer | None:
    """None where the payload lacks what every real one has."""
    pull: dict[str, Any] = event.payload.get("pull_request") or {}
    head, user = pull.get("head") or {}, pull.get("user") or {}
    repository, number, sender = event.repository(), event.number, event.sender()
    sha, base = head.get("sha"), (pull.get("base") or {}).get("ref")
    if repository is None or number is None or sender is None:
        return None
    if not isinstance(sha, str) or not isinstance(base, str):
        return None
    if not isinstance(user.get("id"), int) or not isinstance(user.get("login"), str):
        return None
    return _Offer(
        repository=repository,
        number=number,
        head_sha=sha,
        base_branch=base,
        from_fork=(head.get("repo") or {}).get("id") != repository.id,
        draft=pull.get("draft") is True,
        author=Actor(login=user["login"], id=user["id"], type=str(user.get("type") or "User")),
        sender=sender,
    )
