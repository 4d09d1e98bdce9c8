"""Look at a rollback's deployment; once it has ended, ask the service's health and tell people."""

from __future__ import annotations

from enum import StrEnum

from bot.deployments.decision import MINUTE
from bot.deployments.health import ASKED, Health, ask_repeatedly
from bot.deployments.watching import FLOW, WatchInput, WatchTask
from bot.dispatch.spec import Doors, Shown, TaskSpec, Writes
from bot.engine.port import Ctx, Outcome
from bot.github.api.scopes import COMMENT, READ_DEPLOYMENTS
from bot.github.resources import deployments as api
from bot.github.resources import issues
from bot.github.text.markers import Marker
from bot.markdown import inline_code, shortened
from bot.store import deployments
from bot.store.database import now_ms
from bot.store.deployments import ENDED, Rollback
from bot.types import JsonModel
from bot.work.services import Services
from handlers.rollback.rules import find_services

_AGAIN = 60_000  # ms until a deployment under way is looked at again
_LONGEST = 30 * MINUTE
_BAD = {"failure", "error", "inactive"}


class Stage(StrEnum):
    """Stage that steps report."""

    LOOK = "look"
    TELL = "tell"


class Seen(JsonModel):
    """State of a rollback: ``pending``, or how its deployment ended."""

    known: Rollback | None = None
    state: str = "pending"
    said: str = ""


class Asked(JsonModel):
    """Answers of the services in the environment."""

    health: tuple[Health, ...] = ()


async def run(ctx: Ctx, services: Services, request: WatchTask) -> Outcome:
    """Look once, and end the rollback if its deployment has ended."""
    seen = await ctx.step("look", look, services, request, retries=2)
    if seen.known is None or seen.state == "pending":
        return Outcome(state="done", summary="Its deployment is under way, or it was told before.")
    asked = Asked()
    if seen.state == "success":
        asked = await ctx.step("health", ask, services, request, seen.known)
    well = seen.state == "success" and all(one.well == ASKED for one in asked.health)
    await ctx.step("tell", tell, services, request, seen, asked, retries=2)
    await ctx.step("end", end, services, seen.known, well)
    return Outcome(state="done", summary=f"The rollback of {seen.known.environment[:100]} ended: {seen.state}.")


async def look(services: Services, request: WatchTask) -> Seen:
    """Read the newest status from GitHub; note when to look again."""
    known = await services.store.run(deployments.find, request.input.rollback)
    if known is None or known.state in ENDED:
        return Seen()
    await services.store.run(deployments.change, known.task, due=now_ms() + _AGAIN)
    if known.deployment is not None:
        github = await services.github.for_repository(request.repository, READ_DEPLOYMENTS)
        found = await api.list_statuses(github, request.repository, known.deployment)
        if found and found[0].state == "success":
            return Seen(known=known, state="success", said=found[0].description)
        if found and found[0].state in _BAD:
            return Seen(known=known, state="failure", said=found[0].description or found[0].state)
    if now_ms() - known.began > _LONGEST:
        return Seen(known=known, state="timeout")
    return Seen(known=known)


async def ask(services: Services, request: WatchTask, known: Rollback) -> Asked:
    """Ask the health of all services in the environment."""
    policy, _ = await services.policies.load_or_default(request.repository)
    urls = [one.health for one in find_services(policy, known.environment) if one.health]
    return Asked(health=await ask_repeatedly(urls[:5], services.settings.health_hosts))


async def tell(services: Services, request: WatchTask, seen: Seen, asked: Asked) -> None:
    """Say in the issue how it ended."""
    known = seen.known
    if known is None or known.issue is None:
        return
    github = await services.github.for_repository(request.repository, COMMENT)
    bot = await services.github.bot()
    marker = Marker(task=known.task, part="rollback-end")
    body = services.outgoing(write_end(known, seen, asked))
    await issues.ensure_comment(github, request.repository, known.issue, body, marker=marker, bot_id=bot.id)


def write_end(known: Rollback, seen: Seen, asked: Asked) -> str:
    """Write how the deployment ended, and what the service answered."""
    place = inline_code(known.environment[:100])
    said = inline_code(shortened(seen.said, 200))
    sha = inline_code(known.sha[:10])
    if seen.state == "timeout":
        return (
            f"The rollback of {place} to {sha} has not ended within {_LONGEST // MINUTE} minutes. Look at it yourself."
        )
    if seen.state != "success":
        return f"The rollback of {place} to {sha} **failed**: {said}. Look at it yourself."
    lines = [f"{place} has {sha} again: its deployment succeeded."]
    for one in asked.health:
        problem = f": {one.problem}" if one.problem else ""
        lines.append(f"- {inline_code(one.url[:200])} was well {one.well} of {ASKED} times{problem}.")
    if not asked.health:
        lines.append("No service in this environment has a `health` address in the policy, so nothing was asked.")
    if any(one.well < ASKED for one in asked.health):
        lines.append("**It is not well.** That it was deployed did not mend it.")
    return "\n".join(lines)


async def end(services: Services, known: Rollback, well: bool) -> None:
    """Note the end."""
    state = "succeeded" if well else "failed"
    await services.store.run(deployments.change, known.task, state=state, ended=now_ms(), due=None)


TASK = TaskSpec(
    name=FLOW,
    summary="Sees how a rollback ends.",
    details="Its deployment's status is read from GitHub, the service's health asked three times, and the issue told.",
    examples=(),
    input=WatchInput,
    request=WatchTask,
    run=run,
    subjects=frozenset({"repository"}),
    writes=Writes.NOTHING,
    shown=Shown.RESULT,
    doors=Doors(command=False),
    stages={Stage.LOOK: "Look at the deployment", Stage.TELL: "Tell how it ended"},
)
