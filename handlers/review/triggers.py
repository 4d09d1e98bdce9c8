"""Start, restart and stop reviews as pull requests change."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

from bot.dispatch.authorise import authorise, identify, record
from bot.dispatch.start import begin, start
from bot.dispatch.stop import cancel_active
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.github.api.scopes import CHECKS
from bot.github.resources.agent_tasks import COPILOT
from bot.github.resources.checks import CheckReport
from bot.policy import Policy, PolicyError
from bot.pulls.records import ReviewInput, ReviewTask, Trigger
from bot.pulls.rules import ReviewRules
from bot.store import delegations, findings, tasks
from bot.store.delegations import Delegation
from bot.store.tasks import Task
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Subject, TaskInput
from bot.work.services import Services
from handlers.prove.records import ProveTask
from handlers.prove.task import TASK as PROVE
from handlers.review import check_run
from handlers.review.previous import find_told
from handlers.review.task import TASK

# Triggers that nobody with write access pays for: no model is asked.
_UNPAID: frozenset[Trigger] = frozenset({"ours", "look"})
_ISSUE = re.compile(r"(?<![\w/])#([1-9]\d{0,8})\b", re.ASCII)
_MOST_ISSUES = 50
# Who stopped a review, as its task says it.
_CLOSING = "Closing the pull request"

router: Router[Services] = Router()


class _Offer(NamedTuple):
    """Pull request that ``author`` opened and ``sender`` did something to."""

    repository: Repository
    number: int
    head_sha: str
    base_branch: str
    from_fork: bool
    draft: bool
    author: Actor
    sender: Actor
    issues: frozenset[int] = frozenset()  # that its title and body name

    def request(
        self, event: Event, trigger: Trigger, principal: Principal | None = None, *, full: bool = False
    ) -> ReviewTask:
        """Return the request for a review of this head, for its sender or another."""
        origin = Origin(
            door="event",
            principal=principal or Principal(actor=self.sender),
            key=event.guid,
            at=datetime.now(UTC).isoformat(),
            delivery=event.guid,
            head_sha=self.head_sha,
            base_branch=self.base_branch,
            cause=trigger,
        )
        subject = Subject(kind="pull", number=self.number, author_id=self.author.id)
        return ReviewTask(repository=self.repository, subject=subject, origin=origin, input=ReviewInput(full=full))


@router.on("pull_request", "opened")
@router.on("pull_request", "reopened")
@router.on("pull_request", "ready_for_review")
async def start_review(event: Event, services: Services) -> None:
    """Start a review where policy wants one.

    Somebody with write permission has to stand for its cost. A review that closing the pull request has ended begins
    again for whom it was.
    """
    offer = _parse_offer(event)
    if offer is None or await _is_us(services, offer.sender):
        return
    stopped = await _find_stopped(services, offer) if event.action == "reopened" else None
    if stopped is None and offer.draft and event.action != "ready_for_review":
        return
    policy = await _load_policy(services, event, offer)
    if policy is None or (stopped is None and event.action not in policy.rules(ReviewRules).on):
        return
    request = offer.request(event, "opened")
    if stopped is not None:
        request = offer.request(event, stopped.trigger, full=stopped.full)
    paid_by = stopped.actor if stopped is not None else None
    watched = await _has_watched_findings(services, offer)
    await _start_if_paid(services, event, offer, policy, request, paid_by=paid_by, watched=watched)


@router.on("pull_request", "synchronize")
async def renew_review(event: Event, services: Services) -> None:
    """Restart what reads the old head, else check our findings again."""
    offer = _parse_offer(event)
    if offer is not None:
        await _renew(services, event, offer, watched=await _has_watched_findings(services, offer))


@router.on("pull_request", "edited")
async def renew_retargeted(event: Event, services: Services) -> None:
    """Treat another base like a push: it is another diff on the same head."""
    offer = _parse_offer(event)
    if offer is not None and "base" in read_part(event.payload, "changes"):
        await _renew(services, event, offer, watched=await _find_newest(services, offer) is not None)


@router.on("pull_request", "review_requested")
async def start_requested(event: Event, services: Services) -> None:
    """Start the review that somebody wants of us, also of a draft.

    Copilot asks whoever handed it an issue for a review when it is done, and leaves the draft to them.
    """
    offer = _parse_offer(event)
    reviewer = read_part(event.payload, "requested_reviewer")
    if offer is None or await _is_us(services, offer.sender):
        return
    if (delegation := await _find_delegation(services, offer)) is not None:
        policy = await _load_policy(services, event, offer)
        if policy is not None and delegation.account.id == reviewer.get("id"):
            await _start_if_paid(services, event, offer, policy, offer.request(event, "opened"))
        return
    if reviewer.get("id") != (await services.github.bot()).id:
        return
    principal = await identify(services, offer.repository, offer.sender)
    policy, _ = await services.policies.load_or_default(offer.repository)
    await start(services, TASK, offer.request(event, "asked", principal), policy)


@router.on("merge_group", "checks_requested")
async def pass_group(event: Event, services: Services) -> None:
    """Let a merge queue go on that waits for our check.

    A pull request enters the queue with its required checks passed; the queue wants each of them again, on a commit of
    its own, and waits until it has them.
    """
    repository = event.repository()
    head_sha = read_text(read_part(event.payload, "merge_group"), "head_sha")
    if repository is None or not head_sha or await services.policies.refuse(repository, TASK.name):
        return
    await check_run.pass_group(services, repository, head_sha)


@router.on("pull_request", "closed")
async def stop_review(event: Event, services: Services) -> None:
    """Stop the review of a pull request that was closed.

    An author without write permission stops nothing by it: they could have it begun again, and paid for again.
    """
    offer = _parse_offer(event)
    if offer is None:
        return
    newest = await _find_newest(services, offer)
    if newest is None or newest.ended is not None:
        return
    merged = read_part(event.payload, "pull_request").get("merged") is True
    if merged or await _may_write(services, offer):
        where = (offer.repository, offer.number, offer.sender)
        deed = "closed the pull request"
        await cancel_active(services, [TASK.name], *where, deed=deed, delivery=event.guid, by=_CLOSING)


async def _renew(services: Services, event: Event, offer: _Offer, *, watched: bool) -> None:
    """Review the diff as it is now, in place of an older review."""
    ours = await _is_us(services, offer.sender)
    by = "Another base" if event.action == "edited" else f"A push of {offer.head_sha[:10]}"
    dropped = await _drop_older(services, offer, by)
    told = watched or dropped is not None
    policy = await _load_policy(services, event, offer) if told or not ours else None
    if policy is None or not (told or ("synchronize" in policy.rules(ReviewRules).on and not offer.draft)):
        return
    if dropped is not None and dropped.trigger not in _UNPAID:
        request = offer.request(event, dropped.trigger, full=dropped.full)
        again = await _was_begun(services, offer) and not await _may_write(services, offer)
        paid_by = None if again else dropped.actor
        await _start_if_paid(services, event, offer, policy, request, paid_by=paid_by, watched=watched)
        return
    request = offer.request(event, "ours" if ours else "push")
    await _start_if_paid(services, event, offer, policy, request, watched=watched)


async def _start_if_paid(
    services: Services,
    event: Event,
    offer: _Offer,
    policy: Policy,
    request: ReviewTask,
    *,
    paid_by: Actor | None = None,
    watched: bool = False,
) -> None:
    """Start without being asked, or say who may ask.

    Somebody with write permission has to stand for the cost. What was begun for ``paid_by`` goes on for them whoever
    pushes. Where nobody pays, findings that are ``watched`` are still looked at by code, which costs nothing: a push
    (or closing and opening again) must not replace a failing check by one that says nothing, nor hide a review that is
    under way.
    """
    payer = await _find_payer(services, offer, policy)
    actor = payer.actor if offer.sender.type == "Bot" else offer.sender
    decision = authorise(payer, TASK.name, "event", policy, services.settings.trusted_bots)
    if not decision.allowed and paid_by is not None:
        actor = paid_by
        reason = f"Continued for @{paid_by.login}, who started it on an earlier commit."
        payer = Principal(actor=paid_by, vouched=reason)
        decision = authorise(payer, TASK.name, "event", policy)
    await record(services, event.guid, offer.repository, actor, f"start {TASK.name}", decision)
    if decision.allowed or watched:
        trigger = request.trigger if decision.allowed else "look"
        principal = Principal(actor=actor, vouched=decision.reason)
        await begin(services, TASK, offer.request(event, trigger, principal, full=request.full))
        if decision.allowed and await _find_delegation(services, offer) is not None:
            await _prove(services, event, offer, payer, policy)
        return
    newest = await _find_newest(services, offer)
    if newest is not None and newest.ended is None and _is_current(newest, offer):
        return
    text = services.outgoing(f"{decision.reason} Anybody with write permission can start a review with `/review`.")
    report = CheckReport(title="Not reviewed automatically", summary=text, conclusion="skipped")
    await check_run.say(services, request, offer.head_sha, report)


async def _prove(services: Services, event: Event, offer: _Offer, payer: Principal, policy: Policy) -> None:
    """Have the gates of our own changes judge what Copilot made for somebody.

    Each head is judged once; a push ends what judges an older one.
    """
    for one in await services.store.read(tasks.find, offer.repository.id, offer.number, flow=PROVE.name):
        if ProveTask.model_validate(one.argument).origin.head_sha == offer.head_sha:
            return
        if one.ended is None:
            await services.engine.cancel(one.id, f"A push of {offer.head_sha[:10]}")
    decision = authorise(payer, PROVE.name, "event", policy, services.settings.trusted_bots)
    await record(services, event.guid, offer.repository, payer.actor, f"start {PROVE.name}", decision)
    if decision.allowed:
        like = offer.request(event, "opened", Principal(actor=payer.actor, vouched=decision.reason))
        request = ProveTask(repository=offer.repository, subject=like.subject, origin=like.origin, input=TaskInput())
        await begin(services, PROVE, request)


async def _find_payer(services: Services, offer: _Offer, policy: Policy) -> Principal:
    """Return who stands for the cost of a review nobody asked for."""
    # Anyone who can push pays. For a fork that is its author, if they have write access, unless ``review.forks`` is on.
    sender = offer.sender
    if await _is_us(services, sender):
        reason = "We pushed what somebody with write permission had asked for."
        return Principal(kind="self", actor=sender, vouched=reason)
    if (delegation := await _find_delegation(services, offer)) is not None:
        person = delegation.account
        reason = f"@{person.login}, who has write permission, handed issue #{delegation.number} to Copilot."
        known = await identify(services, offer.repository, person)
        may_write = known.role is not None and known.role.at_least("write")
        return known.model_copy(update={"vouched": reason}) if may_write else known
    if sender.type == "Bot":
        return Principal(actor=sender)
    if not offer.from_fork:
        reason = "The head branch is in the repository, and pushing there needs write permission."
        return Principal(actor=sender, vouched=reason)
    if policy.rules(ReviewRules).forks:
        return Principal(actor=sender, vouched="`review.forks` allows reviews of pull requests from forks.")
    return await identify(services, offer.repository, offer.author)


async def _find_delegation(services: Services, offer: _Offer) -> Delegation | None:
    """Return the hand-over that a pull request of Copilot's came of, if any."""
    agent = offer.author
    both = {agent.login.casefold(), offer.sender.login.casefold()}
    if not both <= COPILOT or {agent.type, offer.sender.type} != {"Bot"} or offer.from_fork:
        return None
    return await services.store.run(delegations.find, offer.repository.id, offer.number, offer.issues)


async def _load_policy(services: Services, event: Event, offer: _Offer) -> Policy | None:
    """Load the policy, and meanwhile the token of the first sign.

    None where nothing may be said: what an organisation has closed is not written to.
    """
    if await services.policies.refuse(offer.repository, TASK.name):
        return None
    # The check run reports an invalid policy.
    try:
        policy, _ = await asyncio.gather(
            services.policies.load(offer.repository, since=event.read_at),
            services.github.for_repository(offer.repository, CHECKS),
        )
    except PolicyError as error:
        summary = services.outgoing(error.message)
        report = CheckReport(title="The configuration is wrong", summary=summary, conclusion="neutral")
        await check_run.say(services, offer.request(event, "opened"), offer.head_sha, report)
        return None
    return policy


async def _drop_older(services: Services, offer: _Offer, by: str) -> ReviewTask | None:
    """Stop and return the overtaken review, even one that gave up itself."""
    newest = await _find_newest(services, offer)
    if newest is None or _is_current(newest, offer):
        return None
    if newest.ended is None:
        await services.engine.cancel(newest.id, by)
    elif not _gave_up(newest):
        return None
    return ReviewTask.model_validate(newest.argument)


async def _find_stopped(services: Services, offer: _Offer) -> ReviewTask | None:
    """Return the review for somebody that closing the pull request ended.

    What one had bought that gave up is not bought again; what was stopped is, if whoever opens it again may ask for
    that.
    """
    newest = await _find_newest(services, offer)
    if newest is None:
        return None
    request = ReviewTask.model_validate(newest.argument)
    if request.trigger in _UNPAID:
        return None
    again = _gave_up(newest) or (newest.cancel == _CLOSING and await _may_write(services, offer))
    return request if again else None


async def _may_write(services: Services, offer: _Offer) -> bool:
    """Return whether the sender may do more than propose a change."""
    if offer.sender.type == "Bot":
        return not offer.from_fork or offer.sender.id != offer.author.id
    principal = await identify(services, offer.repository, offer.sender)
    return principal.role is not None and principal.role.at_least("write")


def _gave_up(task: Task) -> bool:
    """Return whether a review noticed by itself that it is overtaken."""
    return bool(task.data.get("overtaken"))


def _is_current(task: Task, offer: _Offer) -> bool:
    """Return whether a review is about the head and base of a delivery."""
    request = ReviewTask.model_validate(task.argument)
    heads = {task.posted.get("head"), request.head_sha}
    bases = {task.posted.get("base"), request.base_branch} - {None}
    return offer.head_sha in heads and (not bases or offer.base_branch in bases)


async def _was_begun(services: Services, offer: _Offer) -> bool:
    """Return whether this head was to be read against this base before.

    Who only proposes the change could go to and fro for ever.
    """
    current = [task for task in await _find_all(services, offer) if _is_current(task, offer)]
    return any(ReviewTask.model_validate(task.argument).trigger not in _UNPAID for task in current)


async def _find_newest(services: Services, offer: _Offer) -> Task | None:
    found = await _find_all(services, offer)
    return found[0] if found else None


async def _find_all(services: Services, offer: _Offer) -> list[Task]:
    return await services.store.read(find_told, offer.repository.id, offer.number)


async def _has_watched_findings(services: Services, offer: _Offer) -> bool:
    return await services.store.read(findings.has_any, offer.repository, offer.number, findings.WATCHED)


async def _is_us(services: Services, actor: Actor) -> bool:
    return actor.type == "Bot" and actor.id == (await services.github.bot()).id


def _parse_offer(event: Event) -> _Offer | None:
    """Read a delivery; None where it lacks what every real one has."""
    pull = read_part(event.payload, "pull_request")
    user = read_part(pull, "user")
    head = read_text(read_part(pull, "head"), "sha")
    base = read_text(read_part(pull, "base"), "ref")
    author = read_number(user, "id")
    login = read_text(user, "login")
    repository = event.repository()
    sender = event.sender()
    if repository is None or event.number is None or sender is None or author is None:
        return None
    if not head or not base or not login:
        return None
    return _Offer(
        repository=repository,
        number=event.number,
        head_sha=head,
        base_branch=base,
        from_fork=read_part(pull, "head", "repo").get("id") != repository.id,
        draft=pull.get("draft") is True,
        author=Actor(login=login, id=author, type=read_text(user, "type") or "User"),
        sender=sender,
        issues=frozenset(_find_issues(f"{read_text(pull, 'title') or ''}\n{read_text(pull, 'body') or ''}")),
    )


def _find_issues(text: str) -> Iterator[int]:
    """Yield the numbers of issues that a text names."""
    for found in islice(_ISSUE.finditer(text), _MOST_ISSUES):
        yield int(found[1])
