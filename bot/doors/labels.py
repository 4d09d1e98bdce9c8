"""Start and stop tasks by labels on issues, and on pull requests for tasks that are about these only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, NamedTuple

from bot.dispatch import replies
from bot.dispatch.authorise import identify
from bot.dispatch.registry import Registry
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import start
from bot.dispatch.stop import cancel_active
from bot.doors import flood
from bot.doors.flood import Place
from bot.doors.webhook.parts import read_number, read_part, read_text
from bot.doors.webhook.router import Event, Router
from bot.github.api.scopes import COMMENT
from bot.github.resources import labels
from bot.github.resources.reply_targets import ReplyTarget
from bot.policy import Policy, PolicyError
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Request, Subject, SubjectKind
from bot.work.services import Services


class _LabelChange(NamedTuple):
    """An issue or pull request whose labels have changed, as delivered."""

    repository: Repository
    kind: SubjectKind
    number: int
    actor: Actor
    label: str
    title: str
    body: str
    at: str
    author_id: int | None


def label_router(registry: Registry) -> Router[Services]:
    """Return the handlers for the labels that tasks declare."""
    router: Router[Services] = Router()

    @router.on("issues", "labeled")
    @router.on("pull_request", "labeled")
    async def labelled(event: Event, services: Services) -> None:
        """Start the task whose label was added."""
        change = _parse(event)
        if change is None:
            return
        specs = _list_specs(registry, change.kind)
        policy, principal, fault = await _look_up(services, specs, change)
        for spec in _find_named(specs, policy, change.label):
            if fault is not None:
                text = f"I couldn't start: the configuration is invalid.\n\n{fault}"
                await _answer(services, change, event.guid, text)
            elif principal is not None and await flood.admits(services, principal, _place(change, event.guid), "label"):
                await start(services, spec, _request(spec, change, principal, event.guid), policy)

    @router.on("issues", "unlabeled")
    @router.on("pull_request", "unlabeled")
    async def unlabelled(event: Event, services: Services) -> None:
        """Stop what the removed label started, whatever the policy says by now."""
        change = _parse(event)
        if change is not None:
            where = (change.repository, change.number, change.actor)
            names = [spec.name for spec in _list_specs(registry, change.kind)]
            deed = "removed the label"
            await cancel_active(services, names, *where, deed=deed, delivery=event.guid, label=change.label)

    @router.on("issues", "closed")
    @router.on("pull_request", "closed")
    async def closed(event: Event, services: Services) -> None:
        """Stop the tasks of what was closed, if labels can start them there."""
        repository = event.repository()
        actor = event.sender()
        if repository is not None and actor is not None and event.number is not None:
            kind = _read_kind(event)
            names = [spec.name for spec in _list_specs(registry, kind)]
            deed = "closed the issue" if kind == "issue" else "closed the pull request"
            await cancel_active(services, names, repository, event.number, actor, deed=deed, delivery=event.guid)

    return router


async def say_label_failed(registry: Registry, event: Event, services: Services) -> None:
    """Tell whoever added one of our labels that its delivery failed for good."""
    change = _parse(event)
    labelled = event.name in ("issues", "pull_request") and event.action == "labeled"
    if not labelled or change is None or change.actor.type == "Bot":
        return
    specs = _list_specs(registry, change.kind)
    if any(_find_named(specs, services.policies.latest(change.repository), change.label)):
        text = (
            "I couldn't start: GitHub API requests failed while I checked permissions and configuration. Remove the "
            f"label and add it again to retry; the server's log has the reason (delivery `{event.guid}`)."
        )
        await _answer(services, change, event.guid, text)


def _list_specs(registry: Registry, kind: SubjectKind) -> list[TaskSpec[Any]]:
    """Return the tasks that labels start on an issue, or on a pull request.

    What can be asked of an issue is started there: on pull requests a label may have stood for years for anything.
    """
    specs = [spec for spec in registry if spec.doors.label]
    return [spec for spec in specs if ("issue" if "issue" in spec.subjects else "pull") == kind]


def label_of(spec: TaskSpec[Any], policy: Policy) -> str:
    """Return the label that starts a task in a repository."""
    return str(getattr(policy.rules(spec.rules), "label", ""))


async def _look_up(
    services: Services, specs: list[TaskSpec[Any]], change: _LabelChange
) -> tuple[Policy, Principal | None, PolicyError | None]:
    """Load the policy and the actor's role.

    Both are loaded at once where the label is probably ours; for other labels nobody's role is asked about. The default
    policy replaces an invalid one.
    """

    async def who() -> Principal:
        # The token for the first sign is minted meanwhile.
        principal, _ = await asyncio.gather(
            identify(services, change.repository, change.actor),
            services.github.for_repository(change.repository, COMMENT),
        )
        return principal

    load = services.policies.load_or_default(change.repository)
    if any(_find_named(specs, services.policies.latest(change.repository), change.label)):
        (policy, fault), principal = await asyncio.gather(load, who())
        return policy, principal, fault
    policy, fault = await load
    return policy, await who() if any(_find_named(specs, policy, change.label)) else None, fault


def _find_named(specs: list[TaskSpec[Any]], policy: Policy, label: str) -> Iterator[TaskSpec[Any]]:
    return (spec for spec in specs if labels.same(label, label_of(spec, policy)))


def _request(spec: TaskSpec[Any], change: _LabelChange, principal: Principal, guid: str) -> Request[Any]:
    subject = Subject(
        kind=change.kind, number=change.number, title=change.title, body=change.body, author_id=change.author_id
    )
    return spec.request(
        repository=change.repository,
        subject=subject,
        origin=Origin(door="label", principal=principal, key=guid, at=change.at, delivery=guid, label=change.label),
        input=spec.input(),
    )


def _place(change: _LabelChange, guid: str) -> Place:
    return Place(change.repository, ReplyTarget(kind="body", number=change.number), guid, guid)


async def _answer(services: Services, change: _LabelChange, guid: str, text: str) -> None:
    place = _place(change, guid)
    await replies.say(services, place.repository, place.spot, place.key, text)


def _read_kind(event: Event) -> SubjectKind:
    return "pull" if event.name == "pull_request" else "issue"


def _parse(event: Event) -> _LabelChange | None:
    kind = _read_kind(event)
    issue = read_part(event.payload, "issue" if kind == "issue" else "pull_request")
    if "pull_request" in issue:  # a pull request as an issue: its own event tells of it
        return None
    name = read_text(read_part(event.payload, "label"), "name")
    title = read_text(issue, "title")
    repository = event.repository()
    actor = event.sender()
    if repository is None or actor is None or event.number is None or not name or not title:
        return None
    at = read_text(issue, "updated_at") or read_text(issue, "created_at")
    author = read_number(read_part(issue, "user"), "id")
    return _LabelChange(repository, kind, event.number, actor, name, title, read_text(issue, "body"), at, author)
