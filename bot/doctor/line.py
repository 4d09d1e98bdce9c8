"""The one form of a finding."""

from __future__ import annotations

from typing import Literal

from bot.types import JsonModel

Level = Literal["ok", "warn", "fail"]


class Line(JsonModel):
    """A finding.

    ``fail`` keeps the bot from working, ``warn`` keeps it from doing something. Unless the level is ``ok``, the text
    says what to do.
    """

    level: Level
    subject: str
    text: str
