"""What a command is, and what it is given when somebody types it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.doors.comments.grammar import Typed
from bot.doors.webhook.router import Event
from bot.github.resources.permissions import Role
from bot.github.resources.reply_targets import Lines, ReplyTarget
from bot.policy import Policy, PolicyError
from bot.types import Actor, Repository
from bot.work.services import Services

Place = Literal["issue", "pull", "thread"]
"""Where a command is typed: on an issue, on a pull request, or there in a thread on lines of the diff."""

ANYWHERE: frozenset[Place] = frozenset({"issue", "pull", "thread"})
ON_PULLS: frozenset[Place] = frozenset({"pull", "thread"})
MAX_TEXT = 8_000
_WORDS: dict[Place, str] = {"issue": "issues", "pull": "pull requests", "thread": "comments on lines of a diff"}


@dataclass(frozen=True)
class Arguments:
    """What may stand behind a command's name: nothing, one of ``words``, or ``text`` that runs to the next command.

    ``shown`` is how help writes it: ``[full]``, ``<question>``.
    """

    shown: str = ""
    words: tuple[str, ...] = ()
    text: bool = False
    required: bool = False

    def read(self, typed: Typed) -> str | None:
        """The argument, "" where there is none; None where it is not what the command takes."""
        said = (
            f"{typed.text}\n{typed.below}".strip()[:MAX_TEXT] if self.text else typed.text.casefold().removeprefix("/")
        )
        if not said:
            return None if self.required else ""
        return said if self.text or said in self.words else None


@dataclass(frozen=True)
class Command:
    """One command: what help says of it, where it may be typed, and what it does.

    ``examples`` are pairs of what is typed and what that does. A ``quick`` one never queues and asks no model, so it
    also works where the configuration is wrong. ``needs_open``: not on what is closed.
    """

    name: str
    summary: str
    explanation: str
    examples: tuple[tuple[str, str], ...]
    places: frozenset[Place]
    run: Callable[[Invocation, Services], Awaitable[None]]
    arguments: Arguments = Arguments()
    quick: bool = False
    needs_open: bool = False

    @property
    def usage(self) -> str:
        return f"/{self.name} {self.arguments.shown}".rstrip()

    @property
    def where(self) -> str:
        """The places in words."""
        words = [text for place, text in _WORDS.items() if place in self.places]
        return " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)


@dataclass(frozen=True)
class Invocation:
    """A command that somebody with the permission for it typed in the right place.

    ``argument`` is what :attr:`Command.arguments` lets through; ``title`` and ``body`` are those of the issue or pull
    request as the delivery gives them, ``typed_at`` is when the command was typed (ISO 8601, GitHub's clock).
    ``fault`` is set, and ``policy`` the default one, where the repository's configuration is wrong. ``order`` counts
    the commands of one text from 0.
    """

    event: Event
    repository: Repository
    number: int
    actor: Actor
    role: Role | None
    policy: Policy
    fault: PolicyError | None
    command: Command
    argument: str
    order: int
    place: Place
    spot: ReplyTarget
    lines: Lines | None
    title: str
    body: str
    is_open: bool
    typed_at: str
    commands: Mapping[str, Command]

    @property
    def key(self) -> str:
        """Twelve hexadecimal characters, the same for every delivery of this command: a task's id, a marker."""
        return key_of(self.repository, self.spot, self.order)


def key_of(repository: Repository, spot: ReplyTarget, order: int) -> str:
    """See :attr:`Invocation.key`."""
    told = f"{repository.id} {spot.kind} {spot.number} {spot.id} {order}"
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def by_name(*commands: Command) -> dict[str, Command]:
    """The commands by name, in the order in which help lists them."""
    named = {command.name: command for command in commands}
    assert len(named) == len(commands), "two commands have one name"
    return named
