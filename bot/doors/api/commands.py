"""List what people may type on GitHub, as ``/help`` does."""

from __future__ import annotations

from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import RepositoryName
from bot.doors.api.operation import Operations, Sent
from bot.doors.comments.commands import Command
from bot.policy import Level, Policy
from bot.types import JsonModel

operations = Operations("catalogue")


class CommandQuery(Sent):
    """The place that the commands are for."""

    repository: RepositoryName | None = Field(default=None, description="whose policy says who may use them")


class CommandExample(JsonModel):
    """Something to type, and what that does."""

    typed: str
    told: str


class CommandView(JsonModel):
    """A command."""

    name: str
    usage: str
    summary: str
    explanation: str
    where: str = Field(description="the places where it may be typed")
    needs_open: bool = Field(description="whether it works on what is open only")
    starts_task: bool
    examples: tuple[CommandExample, ...]
    level: Level | None = Field(description="permission that it needs, null where it is off")
    closed: str = Field(description="why an organisation has closed it, empty where it has not")


class CommandList(JsonModel):
    """All commands, in the order of `/help`."""

    items: tuple[CommandView, ...]
    mention_only: bool = Field(description="whether only those are obeyed that begin with the bot's name")


@operations.add("GET", "/commands", scope="read", etag=True)
async def list_commands(context: Context, caller: Caller, query: CommandQuery) -> CommandList:
    """List the commands that may be typed, and who may.

    Without a repository: by the default policy of this server.
    """
    policies = context.services.policies
    policy = policies.default
    if query.repository is not None:
        repository = await context.gate.readable(caller, query.repository, "list commands")
        policy, _ = await policies.load_or_default(repository)
    assert context.deliveries is not None, "this process takes deliveries"
    commands = context.deliveries.handlers.commands
    items = tuple(_show(one, policy, context.registry.get(one.name) is not None) for one in commands.values())
    return CommandList(items=items, mention_only=policy.commands.mention_only)


def _show(command: Command, policy: Policy, starts: bool) -> CommandView:
    return CommandView(
        name=command.name,
        usage=command.usage,
        summary=command.summary,
        explanation=command.explanation,
        where=command.where,
        needs_open=command.needs_open,
        starts_task=starts,
        examples=tuple(CommandExample(typed=typed, told=told) for typed, told in command.examples),
        level=policy.level(command.name),
        closed=policy.refuse(command.name),
    )
