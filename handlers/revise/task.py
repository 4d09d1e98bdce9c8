"""Revise: what people ask of a pull request becomes one commit on its branch, and every thread is answered.

Three ways in: ``/revise text`` and ``/fix`` on a pull request, and a review that requests changes on one of ours. What
happens then is the pipeline of :mod:`bot.change.pipeline`.
"""

from __future__ import annotations

from typing import Any

from bot.change.pipeline import run_change
from bot.dispatch.start import Request, begin_typed, sender_role, start
from bot.doors.comments.commands import ON_PULLS, Arguments, Command, Invocation
from bot.doors.comments.grammar import begins_with_command
from bot.doors.comments.replies import reply
from bot.doors.webhook.router import Event, Router
from bot.engine.port import Ctx, FlowSpec, Outcome
from bot.store.tasks import Task
from bot.work.services import Services
from handlers.revise.recipe import REVISE
from handlers.revise.records import Demand, RevisionTask

FLOW = REVISE.name

router: Router[Services] = Router()


@router.on("pull_request_review", "submitted")
async def reviewed(event: Event, services: Services) -> None:
    """Somebody requests changes on a pull request of ours: do all of them in one go, if they may ask for it."""
    review, pull = _part(event.payload, "review"), _part(event.payload, "pull_request")
    repository, actor, number = event.repository(), event.sender(), event.number
    if review.get("state") != "changes_requested" or repository is None or actor is None or number is None:
        return
    if actor.type != "User" or _part(review, "user").get("id") != actor.id or not await _is_ours(services, pull):
        return
    body = str(review.get("body") or "")
    mention = (await services.github.bot()).login.removesuffix("[bot]")
    names = services.policies.latest(repository).commands.names()
    asks = bool(body.strip()) and not begins_with_command(body, names, mention)
    task = RevisionTask(
        repository=repository,
        number=number,
        actor=actor,
        delivery=event.guid,
        triggered=str(review.get("submitted_at")),
        demands=(Demand(author=actor.login, text=body),) if asks else (),
        reviewer=actor.login,
    )
    request = Request(event, FLOW, task, writes=True, source="review", alone=False)
    await start(services, request, await sender_role(services, event))


async def revise(invocation: Invocation, services: Services) -> None:
    """``/revise text`` on a pull request of ours."""
    if not await _is_ours(services, _target(invocation)):
        text = "`/revise` changes pull requests that I opened. On this one, `/fix` does what a comment or finding asks."
        await reply(services, invocation, text)
        return
    await _begin(services, invocation, (_typed(invocation),))


async def fix(invocation: Invocation, services: Services) -> None:
    """``/fix`` on a pull request: what the thread says, else what is written behind it, else findings and checks."""
    asked = (_typed(invocation),) if invocation.argument or invocation.spot.root else ()
    await _begin(services, invocation, asked, findings=not asked, checks=not asked)


async def _begin(
    services: Services,
    invocation: Invocation,
    demands: tuple[Demand, ...],
    *,
    findings: bool = False,
    checks: bool = False,
) -> None:
    task = RevisionTask(
        repository=invocation.repository,
        number=invocation.number,
        actor=invocation.actor,
        delivery=invocation.event.guid,
        triggered=invocation.typed_at,
        demands=demands,
        findings=findings,
        checks=checks,
    )
    request = Request(event=invocation.event, flow=FLOW, argument=task, writes=True, alone=False)
    await begin_typed(services, invocation, request)


def _typed(invocation: Invocation) -> Demand:
    lines = invocation.lines
    return Demand(
        author=invocation.actor.login,
        text=invocation.argument,
        path=lines.path if lines else None,
        line=lines.line if lines else None,
        hunk=lines.hunk if lines else "",
        root=invocation.spot.root,
    )


COMMAND = Command(
    name="revise",
    summary="Changes a pull request of mine as you ask, and pushes one commit.",
    explanation="The tests run before and after, and a second model checks that your demand is met. A review that "
    "requests changes does the same for all its comments at once, and answers each of them.",
    examples=(
        ("/revise Raise ValueError instead of returning None", "changes the code, tests it, pushes a commit"),
        ("/revise Cover the empty list too", "adds to the tests of the pull request"),
    ),
    places=ON_PULLS,
    arguments=Arguments("<what to change>", text=True, required=True),
    run=revise,
    needs_open=True,
)


async def _is_ours(services: Services, pull: dict[str, Any]) -> bool:
    return _part(pull, "user").get("id") == (await services.github.bot()).id


def _target(invocation: Invocation) -> dict[str, Any]:
    payload = invocation.event.payload
    return _part(payload, "pull_request") or _part(payload, "issue")


def _part(payload: dict[str, Any], name: str) -> dict[str, Any]:
    part = payload.get(name)
    return part if isinstance(part, dict) else {}


def published(task: Task) -> str | None:
    """The commit that a task which changes code pushed; None where it pushed none."""
    data = (task.result or {}).get("data") or {}
    return data.get("head_sha") or data.get("sha")


def built_on(task: Task) -> str | None:
    """The commit that a revision put its own on."""
    return ((task.result or {}).get("data") or {}).get("onto")


def flow(services: Services) -> FlowSpec:
    """The workflow, bound to the services it runs with."""

    async def run(ctx: Ctx, task: RevisionTask) -> Outcome:
        return await run_change(ctx, services, REVISE, task)

    return FlowSpec(name=FLOW, run=run, argument=RevisionTask)
