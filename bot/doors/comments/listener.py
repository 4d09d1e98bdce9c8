"""Listen for commands and answers in new texts on GitHub.

The texts are comments on issues and pull requests, bodies of reviews, comments on lines of a diff, bodies of new issues
and pull requests (:data:`bot.doors.comments.texts.DOORS`). A command that is permitted, and typed as it is meant, is
acknowledged by eyes on the very text and run; all others of the text are answered by one reaction and a sentence each,
in one comment.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.dispatch import replies
from bot.dispatch.authorise import authorise, identify, record
from bot.dispatch.registry import Registry
from bot.doors import flood
from bot.doors.comments.answers import take_answer
from bot.doors.comments.commands import Command, Invocation, key_of
from bot.doors.comments.grammar import TypedCommand, commands_in
from bot.doors.comments.texts import DOORS, IncomingText, said_in
from bot.doors.flood import Place
from bot.doors.webhook.router import Event, Router
from bot.markdown import inline_code
from bot.policy import Decision, Policy, PolicyError
from bot.types import Actor, Repository
from bot.work.origin import Principal, Subject
from bot.work.services import Services

MAX_COMMANDS = 5
_HELP = "help"
_GAVE_UP = (
    "Some of these commands failed because of GitHub API errors. Comment again to retry; the server's log has the "
    "reason (delivery `{}`)."
)
Commands = Mapping[str, Command]
_MENTION = re.compile(r"^[ \t]*@", re.M)


def comment_router(commands: Commands, registry: Registry) -> Router[Services]:
    """Return the handlers that listen for these commands."""

    async def heard(event: Event, services: Services) -> None:
        await _hear(event, services, commands, registry)

    router: Router[Services] = Router()
    for name, action in DOORS:
        router.on(name, action)(heard)
    return router


async def say_command_failed(commands: Commands, event: Event, services: Services) -> None:
    """Tell whoever typed a command that its delivery failed for good."""
    said = said_in(event)
    repository = event.repository()
    if said is None or repository is None or said.by_program:
        return
    if any(one.known for one in await _parse(services, said, commands)):
        key = key_of(repository, said.spot, MAX_COMMANDS)
        await replies.say(services, repository, said.spot, key, _GAVE_UP.format(event.guid))


@dataclass(frozen=True)
class _Text:
    """One text with commands, and everything their authorisation needs."""

    event: Event
    said: IncomingText
    repository: Repository
    principal: Principal
    policy: Policy
    fault: PolicyError | None
    commands: Commands
    registry: Registry

    @property
    def actor(self) -> Actor:
        return self.principal.actor


class _Ruling(NamedTuple):
    """A decided command: what to run or say; nothing for another bot's."""

    name: str
    decision: Decision
    problem: str = ""
    invocation: Invocation | None = None


async def _hear(event: Event, services: Services, commands: Commands, registry: Registry) -> None:
    said = said_in(event)
    repository = event.repository()
    actor = event.sender()
    if said is None or repository is None or actor is None:
        return
    typed = await _parse(services, said, commands)
    if not typed:
        await take_answer(event, said, repository, actor, services, registry)
        return
    if said.by_program:
        # It may quote anybody. No answer either, so that two bots cannot keep each other busy.
        no = Decision(False, "Commands written by programs are not obeyed.")
        await record(services, event.guid, repository, actor, f"/{typed[0].name}", no)
        return
    (policy, fault), principal, _ = await asyncio.gather(
        services.policies.load_or_default(repository),
        identify(services, repository, actor),
        services.github.for_repository(repository, said.spot.permissions),
    )
    typed = [one for one in typed if one.mentioned or not policy.commands.mention_only]
    if not typed:
        return
    text = _Text(event, said, repository, principal, policy, fault, commands, registry)
    place = Place(repository, said.spot, event.guid, key_of(repository, said.spot, MAX_COMMANDS))
    times, mute = min(len(typed), MAX_COMMANDS), bool(policy.stopped)
    if await flood.admits(services, principal, place, f"/{typed[0].name}", times=times, mute=mute):
        await _answer(services, text, [_decide(text, one, order) for order, one in enumerate(typed)])


async def _parse(services: Services, said: IncomingText, commands: Commands) -> Sequence[TypedCommand]:
    # The bot's name is only looked up where it could matter: that may take several calls.
    mention = (await services.github.bot()).login.removesuffix("[bot]") if _MENTION.search(said.text) else ""
    typed = await asyncio.to_thread(commands_in, said.text, commands, mention)
    return _without_repeats(typed, commands)


def _without_repeats(typed: Sequence[TypedCommand], commands: Commands) -> list[TypedCommand]:
    """Leave out what the same text has asked for before, word for word."""
    distinct: dict[tuple[str, str | None], TypedCommand] = {}
    for one in typed:
        command = commands.get(one.name or _HELP)
        asked = command.arguments.read(one) if command is not None else one.text
        distinct.setdefault((one.name, asked), one)
    return list(distinct.values())


async def _answer(services: Services, text: _Text, read: Sequence[_Ruling]) -> None:
    """Run the permitted commands in order; answer the others in one comment."""
    taken = read[:MAX_COMMANDS]
    left = read[MAX_COMMANDS:]
    for one in taken:
        await record(services, text.event.guid, text.repository, text.actor, f"/{one.name}", one.decision)
    runs = [one.invocation for one in taken if one.invocation is not None]
    spot = text.said.spot
    problems = list(dict.fromkeys(one.problem for one in taken if one.problem))
    if left:
        problems.append(f"Only the first {MAX_COMMANDS} commands were read; put the others in a new comment.")
    if runs or (problems and not text.policy.stopped):
        await replies.react(services, text.repository, spot, "eyes" if runs else "confused")
    for invocation in runs:
        await invocation.command.run(invocation, services)
    if problems:
        order = next((order for order, one in enumerate(taken) if one.problem), MAX_COMMANDS)
        await replies.say(services, text.repository, spot, key_of(text.repository, spot, order), "\n\n".join(problems))


def _decide(text: _Text, typed: TypedCommand, order: int) -> _Ruling:
    """Decide about one command, permission first: it hides all the rest."""
    command = text.commands.get(typed.name or _HELP)
    # "Unknown command" replies need the same permission as /help.
    name = command.name if command else _HELP
    decision = authorise(text.principal, name, "command", text.policy)
    if text.policy.level(name) is None and not typed.mentioned and not text.policy.refuse(name):
        # Another bot may have a command of this name, and nobody wants to hear from us that we are not meant.
        return _Ruling(name, decision)
    if not decision.allowed:
        return _Ruling(name, decision, decision.reason)
    if command is None:
        meant = f" Did you mean `/{typed.nearest}`?" if typed.nearest else ""
        problem = f"Unknown command {inline_code(typed.name)}.{meant} `/help` lists the commands you can use here."
        return _Ruling(name, decision, problem)
    argument = command.arguments.read(typed)
    problem = _find_obstacle(text, command)
    if argument is None:
        problem = problem or f"Usage: `{command.usage}`. `/help {command.name}` shows examples."
    if problem:
        return _Ruling(name, decision, problem)
    return _Ruling(name, decision, invocation=_invocation(text, command, argument or "", order))


def _find_obstacle(text: _Text, command: Command) -> str:
    if text.fault is not None and not command.quick:
        return f"I couldn't start: the configuration is invalid.\n\n{text.fault}"
    if text.said.place not in command.places:
        return f"`/{command.name}` works on {command.where}."
    if command.needs_open and not text.said.is_open:
        return f"`/{command.name}` needs an open issue or pull request; this one is closed."
    return ""


def _invocation(text: _Text, command: Command, argument: str, order: int) -> Invocation:
    said = text.said
    return Invocation(
        event=text.event,
        repository=text.repository,
        principal=text.principal,
        policy=text.policy,
        fault=text.fault,
        command=command,
        argument=argument,
        order=order,
        subject=Subject(
            kind=said.place,
            number=said.spot.number,
            title=said.title,
            body=said.body,
            author_id=said.author_id,
            lines=said.lines,
        ),
        spot=said.spot,
        is_open=said.is_open,
        typed_at=said.at,
        commands=text.commands,
        registry=text.registry,
    )
