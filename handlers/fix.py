"""Fix: the label ``ai-bug-fix`` on an issue becomes a pull request with a proved fix.

A task starts when somebody with write permission adds the label, and stops when the label is removed or the issue
is closed. What happens in between is the pipeline of :mod:`bot.change.pipeline`.
"""

from __future__ import annotations

import asyncio

from bot.change.job import Capability
from bot.change.pipeline import run_change
from bot.change.records import ChangeTask
from bot.change.services import Services
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.intake.router import Event, Router
from bot.intake.start import Request, answer, cancel_active, sender_role, start
from bot.policy import FixPolicy, PolicyError
from bot.report.change import final_text, pull_text, unverified_text
from bot.types import Repository

FLOW = "fix"
FIX = Capability(flow=FLOW, prompts="fix", pull=pull_text, unverified=unverified_text, final=final_text)

router: Router[Services] = Router()


@router.on("issues", "labeled")
async def labelled(event: Event, services: Services) -> None:
    """The label was added: start, if it is ours and whoever added it may."""
    repository, issue = event.repository(), event.payload.get("issue") or {}
    if repository is None or "pull_request" in issue:
        return
    (label, fault), role = await asyncio.gather(_trigger(services, repository), sender_role(services, event))
    if label_name(event) != label:
        return
    if fault is not None:
        await answer(services, event, f"I did not start, because the configuration is wrong.\n\n{fault}")
        return
    task = change_task(event, repository, label)
    if task is not None:
        await start(services, Request(event=event, flow=FLOW, argument=task, role=role, writes=True))


@router.on("issues", "unlabeled")
async def unlabelled(event: Event, services: Services) -> None:
    """The label was removed: stop."""
    repository = event.repository()
    if repository is None:
        return
    if label_name(event) == (await _trigger(services, repository))[0]:
        await cancel_active(services, event, FLOW)


@router.on("issues", "closed")
async def closed(event: Event, services: Services) -> None:
    """The issue was closed: nobody needs the fix any more."""
    await cancel_active(services, event, FLOW)


async def _trigger(services: Services, repository: Repository) -> tuple[str, PolicyError | None]:
    """The label that starts a fix; the default one, and what is wrong, where the policy cannot be read."""
    try:
        return (await services.policies.load(repository)).fix.label, None
    except PolicyError as error:
        return FixPolicy().label, error


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
