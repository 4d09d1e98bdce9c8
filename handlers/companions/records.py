"""Define what a pull request may lack, and the task that looks."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from bot.types import JsonModel
from bot.work.origin import Request, TaskInput

Kind = Literal["test", "docs", "migration", "changelog"]


class Stage(StrEnum):
    """Stage that steps report."""

    LOOK = "look"


class CompanionsInput(TaskInput):
    """Head to look at, the branch it is compared with, and whose it is."""

    head_sha: str
    base_branch: str
    from_fork: bool


CompanionsTask = Request[CompanionsInput]


class Missing(JsonModel):
    """Something a change lacks; ``text`` is a sentence of Markdown.

    Of a migration, ``names`` are the columns it is about, each behind its model, and ``folder`` is where it belongs.
    """

    kind: Kind
    path: str
    line: int = 1
    text: str
    names: tuple[str, ...] = ()
    folder: str = ""


class Missings(JsonModel):
    """All that a change lacks."""

    found: tuple[Missing, ...] = ()
