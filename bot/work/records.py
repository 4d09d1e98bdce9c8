"""Define what loop and workshop hand to the next step, stored as JSON."""

from __future__ import annotations

import time
from typing import Literal

from bot.git.changes import Changes
from bot.models.port import Message
from bot.types import JsonModel


class CommandRun(JsonModel):
    """A command that ran, as the evidence quotes it."""

    command: str
    ok: bool
    seconds: float
    output: str = ""


class Reused(JsonModel):
    """An earlier installation: its commit, and when (s since the epoch)."""

    base_sha: str
    made: float

    def __str__(self) -> str:
        at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.made))
        return f"installed on {at} for commit {self.base_sha[:8]}"


class ModelCost(JsonModel):
    """The part of a cost that is one model's, with its tokens."""

    model: str
    dollars: float
    calls: int
    input: int
    cached: int  # the part of ``input`` read from the provider's cache
    output: int


class Cost(JsonModel):
    """Money and model calls that a task has used."""

    dollars: float = 0.0
    calls: int = 0
    models: tuple[ModelCost, ...] = ()


NO_COST = Cost()


class Try(JsonModel):
    """Work that was sent back: whose it was, and why."""

    model: str
    why: str


class Work(JsonModel):
    """The state of a loop: changes, messages, how it ended."""

    changes: Changes = Changes()
    messages: tuple[Message, ...] = ()
    turns: int = 0
    seconds: float = 0.0
    summary: str = ""
    model: str = ""  # that spoke last
    tries: tuple[Try, ...] = ()  # that did not pass; their number says which model is asked
    ended: Literal["finished", "turns", "malformed", "repeated", "wall clock", "dollars"] = "finished"
