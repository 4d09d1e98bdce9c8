"""Describe commands: their syntax, places and arguments."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from bot.dispatch import replies
from bot.dispatch.authorise import authorise
from bot.dispatch.registry import Registry
from bot.dispatch.spec import TaskSpec
from bot.dispatch.start import Refusal, StartedTask, begin
from bot.doors.comments.grammar import TypedCommand
from bot.doors.webhook.router import Event
from bot.github.resources.reply_targets import ReplyTarget
from bot.policy import WRITERS, CommandRule, Decision, Policy, PolicyError
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Request, Subject, TaskInput
from bot.work.services import Services

Place = Literal["issue", "pull", "thread"]
"""``thread``: a review thread on lines of the diff."""

ANYWHERE: frozenset[Place] = frozenset({"issue", "pull", "thread"})
# Characters of a command's text that are kept: more than anybody types, less than a comment can hold.
MAX_TEXT = 8_000
_WORDS: dict[Place, str] = {"issue": "issues", "pull": "pull requests", "thread": "comments on lines of a diff"}


@dataclass(frozen=True)
class Arguments:
    """The text behind a command's name: none, a word, or any."""

    shown: str = ""  # how help writes it: ``[full]``, ``<question>``
    words: tuple[str, ...] = ()  # those that are taken
    text: bool = False  # whatever stands there, up to the next command
    required: bool = False

    def read(self, typed: TypedCommand) -> str | None:
        """Return the argument, "" if there is none, None if it is not accepted."""
        if self.text:
            argument = f"{typed.text}\n{typed.below}".strip()[:MAX_TEXT]
        else:
            argument = typed.text.casefold().removeprefix("/")
        if not argument:
            return None if self.required else ""
        return argument if self.text or argument in self.words else None


def arguments_of(kind: type[TaskInput]) -> Arguments:
    """Return how an input is typed: a ``str`` as text, a ``bool`` as a word."""
    text = kind.text_field()
    if text is not None:
        field = kind.model_fields[text]
        title = field.title or text
        shown = f"<{title}>" if field.is_required() else f"[{title}]"
        return Arguments(shown, text=True, required=field.is_required())
    words = tuple(name for name, field in kind.model_fields.items() if field.annotation is bool and field.title)
    return Arguments(f"[{'|'.join(words)}]" if words else "", words=words)


def input_of(kind: type[TaskInput], argument: str) -> TaskInput:
    """Return a task's input; the inverse of :func:`arguments_of`."""
    text = kind.text_field()
    if text is not None:
        return kind.model_validate({text: argument} if argument else {})
    return kind.model_validate({argument: True} if argument else {})


@dataclass(frozen=True)
class Command:
    """One command: its help, where it may be typed, and its function."""

    name: str
    summary: str
    explanation: str
    examples: tuple[tuple[str, str], ...]  # what is typed, and what that does
    places: frozenset[Place]
    run: Callable[[Invocation, Services], Awaitable[None]]
    arguments: Arguments = Arguments()
    quick: bool = False  # never queues and asks no model, so it also works where the configuration is wrong
    needs_open: bool = False  # not on what is closed
    rule: CommandRule = WRITERS

    @property
    def usage(self) -> str:
        """Return the syntax of the command."""
        return f"/{self.name} {self.arguments.shown}".rstrip()

    @property
    def where(self) -> str:
        """Return the places where the command works, in words."""
        words = [text for place, text in _WORDS.items() if place in self.places]
        return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


@dataclass(frozen=True)
class Invocation:
    """An authorised command, typed where it may be."""

    event: Event
    repository: Repository
    principal: Principal
    policy: Policy  # the default one where there is a ``fault``
    fault: PolicyError | None  # what is wrong in the repository's configuration
    command: Command
    argument: str  # what :attr:`Command.arguments` lets through
    order: int  # counts the commands of one text, from 0
    subject: Subject  # as the delivery gives it
    spot: ReplyTarget
    is_open: bool
    typed_at: str  # ISO 8601, GitHub's clock
    commands: Mapping[str, Command]
    registry: Registry

    @property
    def number(self) -> int:
        """Return the issue's or pull request's number."""
        return self.spot.number

    @property
    def actor(self) -> Actor:
        """Return the account that typed the command."""
        return self.principal.actor

    @property
    def key(self) -> str:
        """Return the idempotency key: twelve hex digits, the same every time."""
        return key_of(self.repository, self.spot, self.order)

    @property
    def origin(self) -> Origin:
        """Return the origin of a task that this command starts."""
        return Origin(
            door="command",
            principal=self.principal,
            key=self.key,
            at=self.typed_at,
            delivery=self.event.guid,
            reply=self.spot,
        )

    def may(self, name: str) -> Decision:
        """Decide whether whoever typed this may use another command."""
        return authorise(self.principal, name, "command", self.policy)


async def reply(services: Services, invocation: Invocation, text: str) -> None:
    """Answer a command."""
    await replies.say(services, invocation.repository, invocation.spot, invocation.key, text)


async def start_task(spec: TaskSpec[Any], invocation: Invocation, services: Services) -> StartedTask | Refusal:
    """Start the task that a command names; the command has been authorised."""
    request: Request[Any] = spec.request(
        repository=invocation.repository,
        subject=invocation.subject,
        origin=invocation.origin,
        input=input_of(spec.input, invocation.argument),
    )
    return await begin(services, spec, request)


def command_of(spec: TaskSpec[Any]) -> Command:
    """Return the command that starts a task."""

    async def run(invocation: Invocation, services: Services) -> None:
        await start_task(spec, invocation, services)

    return Command(
        name=spec.name,
        summary=spec.summary,
        explanation=spec.details,
        examples=spec.examples,
        places=frozenset(place for place in get_args(Place) if place in spec.subjects),
        run=run,
        arguments=arguments_of(spec.input),
        needs_open=spec.needs_open,
        rule=spec.command_rule,
    )


def commands_of(registry: Registry, builtins: Sequence[Command]) -> dict[str, Command]:
    """Return all commands by name, in the order in which help lists them."""
    tasks = [command_of(spec) for spec in registry if spec.doors.command]
    return {command.name: command for command in (*tasks, *builtins)}


def key_of(repository: Repository, spot: ReplyTarget, order: int) -> str:
    """Return the key of a command: see :attr:`Invocation.key`."""
    text = f"{repository.id} {spot.kind} {spot.number} {spot.id} {order}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
