"""Show the policy that holds for a repository, and try one out."""

from __future__ import annotations

import asyncio
from typing import Any

from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import RepositoryName
from bot.doors.api.operation import Operations, Sent
from bot.policy import Policy, PolicyError, list_values, parse_policy
from bot.types import JsonModel

operations = Operations("policy")


class PolicyQuery(Sent):
    """The repository whose policy is wanted."""

    repository: RepositoryName


class PolicyText(Sent):
    """A policy file to try out."""

    text: str = Field(max_length=70_000, description="what `.github/forgehand.yml` would hold")


class PolicyKey(JsonModel):
    """A key of the policy and where its value comes from."""

    key: str
    value: Any
    origin: str = Field(description="`default`, `line 3`, `the server`, ...")


class EffectivePolicy(JsonModel):
    """A policy below the server's ceilings."""

    valid: bool = Field(description="whether the repository's file can be read; else the defaults stand in `keys`")
    problem: str = Field(description="what is wrong with it, and with the organisation's file, by line and key")
    keys: tuple[PolicyKey, ...]


@operations.add("GET", "/policy", scope="read", etag=True)
async def read_policy(context: Context, caller: Caller, query: PolicyQuery) -> EffectivePolicy:
    """Return the policy that holds for a repository."""
    repository = await context.gate.readable(caller, query.repository, "read policy")
    policy, fault = await context.services.policies.load_or_default(repository)
    return _effective(policy, fault)


@operations.add("POST", "/policy/check", scope="read")
async def check_policy(context: Context, body: PolicyText) -> EffectivePolicy:
    """Say what a policy file would mean, without putting it anywhere."""
    services = context.services
    try:
        policy = await asyncio.to_thread(parse_policy, body.text, services.settings, context.registry.schema)
    except PolicyError as fault:
        return _effective(services.policies.default, fault)
    return _effective(policy, None)


def _effective(policy: Policy, fault: PolicyError | None) -> EffectivePolicy:
    keys = tuple(PolicyKey(key=key, value=value, origin=origin) for key, value, origin in list_values(policy))
    problems = ("" if fault is None else fault.message, policy.organisation.problem if policy.organisation else "")
    return EffectivePolicy(valid=fault is None, problem="\n\n".join(filter(None, problems)), keys=keys)
