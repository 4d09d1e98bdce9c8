"""Start the task that a workflow asks for by its inputs, as the API would for a run of it.

Who set the run off is what the runner says; on a server it is what the run's token says.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from bot.dispatch.registry import Registry
from bot.doors.api.callers import Caller
from bot.doors.api.catalogue import asked_for
from bot.doors.api.context import Context
from bot.doors.api.gate import Gate
from bot.doors.api.problems import Problem
from bot.doors.api.starting import StartHeaders, make_body, start_admitted
from bot.doors.oidc.verification import EVENTS, find_pull
from bot.github.api.errors import Forbidden
from bot.local.hosting import LocalError
from bot.store.feed import Feed
from bot.store.tokens import TokenRepository
from bot.types import Actor, JsonModel, Repository
from bot.work.origin import Principal
from bot.work.services import Services

_RUN_SECONDS = 24 * 3600


class Account(JsonModel):
    """An account as the runner names it."""

    id: int
    login: str = Field(pattern=r"^[A-Za-z0-9_-]{1,100}(\[bot\])?$")

    @property
    def actor(self) -> Actor:
        """Return the account."""
        return Actor(login=self.login, id=self.id, type="Bot" if self.login.endswith("[bot]") else "User")


class AskedTask(JsonModel):
    """A task, the body that would ask the API for it, and the run that asks."""

    task: str
    body: dict[str, Any]
    repository: TokenRepository
    actor: Account
    event: str
    ref: str


def read_asked(file: Path) -> AskedTask:
    """Read what the Action wrote."""
    try:
        return AskedTask.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise LocalError(f"{file} asks for no task: {error.errors()[0]['msg']}.") from None


async def start_asked(services: Services, registry: Registry, asked: AskedTask, guid: str) -> str | None:
    """Start the task; return why it is refused, None where it is not."""
    spec = next((each for each in asked_for(registry) if each.name == asked.task), None)
    if spec is None:
        return f"There is no task `{asked.task}`."
    if asked.event not in EVENTS:
        return f"Runs of `{asked.event}` may not ask for a task of their choice."
    try:
        body: Any = make_body(spec).model_validate(asked.body)
    except ValidationError as error:
        first = error.errors()[0]
        return f"`{asked.task}` cannot be asked for so: {'.'.join(map(str, first['loc']))}: {first['msg']}."
    caller = Caller(
        id=guid,
        secret="",
        door="action",
        principal=Principal(kind="action", actor=asked.actor.actor),
        scopes=("read", "run"),
        repositories=(asked.repository,),
        expires=int(time.time() + _RUN_SECONDS) * 1000,
        pull=find_pull(asked.ref),
    )
    found = await _find(services, body.repository)
    if found is None or not caller.reaches(found):
        return f"The run is of {asked.repository.full_name}: that is all it may use."
    context = Context(services, registry, Gate(services), Feed(services.store))
    headers = StartHeaders.model_validate({"Idempotency-Key": guid})
    try:
        admission = await context.gate.admit_to(found, caller, body.repository, f"start {spec.name}")
        await start_admitted(context, caller, admission, headers, spec, body)
    except (Problem, Forbidden) as error:
        return error.message
    return None


async def _find(services: Services, full_name: str) -> Repository | None:
    """Find a repository that the run's token sees, without an App."""
    owner, _, name = full_name.partition("/")
    return await services.github.find_again(Repository(id=0, owner=owner, name=name, installation=1))
