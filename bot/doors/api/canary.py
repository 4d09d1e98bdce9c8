"""Answer canary controllers that ask whether to roll back: Flagger by status, Argo Rollouts by a value."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.deployments.advice import Advice, load_advice
from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import RepositoryName
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.problems import Problem
from bot.types import JsonModel

operations = Operations("deployments")


class GateQuery(Sent):
    """The environment that is asked about."""

    repository: RepositoryName
    environment: str = Field(min_length=1, max_length=200, description="as deployments name it")


class GateAnswer(JsonModel):
    """Advice for one environment."""

    rollback: bool = Field(description="whether an open incident began right after a deployment to it")
    value: Literal[0, 1] = Field(description="the same as a number, for a metric of Argo Rollouts")
    reasons: tuple[str, ...] = Field(description="the incidents and deployments that say so")


@operations.add("GET", "/gate", scope="read")
async def read_gate(context: Context, caller: Caller, query: GateQuery) -> GateAnswer:
    """Say whether an environment should be rolled back.

    For a `web` metric of Argo Rollouts: `jsonPath` `{$.value}`, `failureCondition` `result > 0`.
    """
    advice = await _advise(context, caller, query)
    return GateAnswer(rollback=advice.rollback, value=1 if advice.rollback else 0, reasons=advice.reasons)


@operations.add("POST", "/gate", scope="read")
async def ask_gate(context: Context, caller: Caller, query: GateQuery) -> GateAnswer:
    """Answer 200 where an environment should be rolled back, else 403.

    As Flagger's webhook of the type `rollback` wants it; its body is not read.
    """
    advice = await _advise(context, caller, query)
    if not advice.rollback:
        raise Problem("No open incident began right after a deployment to this environment.", status=403)
    return GateAnswer(rollback=True, value=1, reasons=advice.reasons)


async def _advise(context: Context, caller: Caller, query: GateQuery) -> Advice:
    repository = await context.gate.readable(caller, query.repository, "read gate")
    return await load_advice(context.services.store, repository.id, query.environment)
