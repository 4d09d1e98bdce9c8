"""Fix: the label ``ai-bug-fix`` on an issue becomes a pull request with a proved fix.

A task starts when somebody with write permission adds the label or writes ``/fix``, and stops when the label is removed
or the issue is closed. What happens in between is the pipeline of :mod:`bot.change.pipeline`.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from bot.change.pipeline import run_change
from bot.change.records import ChangeTask
from bot.dispatch.start import Request, answer, begin_typed, cancel_active, sender_role, start
from bot.doors.comments.commands import ANYWHERE, Arguments, Command, Invocation
from bot.doors.webhook.router import Event, Router
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.github.resources import labels
from bot.github.resources.permissions import Role
from bot.policy import FixPolicy, PolicyError
from bot.types import Repository
from bot.work.services import Services
from handlers.fix.recipe import FIX
from handlers.revise import task as revise

FLOW = FIX.name

router: Router[Services] = Router()


@router.on("issues", "labeled")
async def labelled(event: Event, services: Services) -> None:
    """The label was added: start, if it is ours and whoever added it may."""
    repository, label = event.repository(), label_name(event)
    if repository is None or label is None or "pull_request" in (event.payload.get("issue") or {}):
        return
    trigger, role = await _ask(services, event, repository, label)
    if not labels.same(label, trigger.label):
        return
    if trigger.fault is not None:
        await answer(services, event, f"I did not start, because the configuration is wrong.\n\n{trigger.fault}")
        return
    task = change_task(event, repository, label)
    if task is not None:
        await start(services, Request(event=event, flow=FLOW, argument=task, writes=True), role)


@router.on("issues", "unlabeled")
async def unlabelled(event: Event, services: Services) -> None:
    """The label was removed: stop what it started, whatever the policy says by now."""
    label = label_name(event)
    if label is not None:
        await cancel_active(services, event, FLOW, label=label)


@router.on("issues", "closed")
async def closed(event: Event, services: Services) -> None:
    """The issue was closed: nobody needs the fix any more."""
    await cancel_active(services, event, FLOW)


async def typed(invocation: Invocation, services: Services) -> None:
    """``/fix`` on an issue: as the label, with what was written beside it among the comments; else see revise."""
    if invocation.place != "issue":
        await revise.fix(invocation, services)
        return
    task = ChangeTask(
        repository=invocation.repository,
        number=invocation.number,
        title=invocation.title,
        body=invocation.body,
        actor=invocation.actor,
        triggered=invocation.typed_at,
        delivery=invocation.event.guid,
    )
    await begin_typed(services, invocation, Request(event=invocation.event, flow=FLOW, argument=task, writes=True))


COMMAND = Command(
    name="fix",
    summary="Fixes the bug that an issue reports, or what is wrong with a pull request.",
    explanation="On an issue as the label does: a test reproduces the bug, and a pull request brings a checked fix. On "
    "lines of a diff it does what is said there; else, on a pull request, what you write behind it, or what my reviews "
    "found and failing checks say. It pushes one commit, or posts suggestions where the branch is in a fork.",
    examples=(
        ("/fix", "starts on this issue"),
        ("/fix The rounding in prices.py looks wrong", "starts with a hint where to look"),
        ("/fix below a comment on a line", "does what the comment says"),
    ),
    places=ANYWHERE,
    arguments=Arguments("[hint]", text=True),
    run=typed,
    needs_open=True,
)


async def gave_up(event: Event, services: Services) -> None:
    """A delivery failed for good: say so on the issue if it was our label, as far as GitHub lets us."""
    repository, label, actor = event.repository(), label_name(event), event.sender()
    if (event.name, event.action) != ("issues", "labeled") or repository is None or label is None or actor is None:
        return
    if actor.type != "Bot" and labels.same(label, services.policies.latest(repository).fix.label):
        await answer(
            services,
            event,
            "I did not start, because GitHub did not let me find out what I must know first. Remove the label and add "
            f"it again for another try; the server's log says what failed (delivery `{event.guid}`).",
        )


class _Trigger(NamedTuple):
    """The label that starts a fix; the default one, and what is wrong, where the policy cannot be read."""

    label: str
    fault: PolicyError | None


async def _ask(services: Services, event: Event, repository: Repository, label: str) -> tuple[_Trigger, Role | None]:
    """The trigger and the sender's role: side by side where the label is probably ours, so that people see a sign
    sooner; about other labels nobody's role is asked."""
    if labels.same(label, services.policies.latest(repository).fix.label):
        return await asyncio.gather(_trigger(services, repository), sender_role(services, event))
    trigger = await _trigger(services, repository)
    return trigger, await sender_role(services, event) if labels.same(label, trigger.label) else None


async def _trigger(services: Services, repository: Repository) -> _Trigger:
    try:
        return _Trigger((await services.policies.load(repository)).fix.label, None)
    except PolicyError as error:
        return _Trigger(FixPolicy().label, error)


def label_name(event: Event) -> str | None:
    """The label a ``labeled`` or ``unlabeled`` event is about."""
    name = (event.payload.get("label") or {}).get("name")
    return name if isinstance(name, str) else None


def change_task(event: Event, repository: Repository, label: str) -> ChangeTask | None:
    """The task as the delivery describes it; None where the payload lacks what every real one has."""
    issue, actor = event.payload.get("issue") or {}, event.sender()
    number, title = issue.get("number"), issue.get("title")
    if actor is None or not isinstance(number, int) or not isinstance(title, str):
        return None
    return ChangeTask(
        repository=repository,
        number=number,
        title=title,
        body=str(issue.get("body") or ""),
        actor=actor,
        triggered=str(issue.get("updated_at") or issue.get("created_at")),
        delivery=event.guid,
        source_label=label,
    )


def flow(services: Services) -> FlowSpec:
    """The workflow, bound to the services it runs with."""

    async def run(ctx: Ctx, task: ChangeTask) -> Outcome:
        return await run_change(ctx, services, FIX, task)

    return FlowSpec(name=FLOW, run=run, argument=ChangeTask)
