"""The one form of what the doctor finds, for those who find, keep and show it."""

from __future__ import annotations

from typing import Literal

from bot.types import JsonModel

Level = Literal["ok", "warn", "fail"]


class Line(JsonModel):
    """A finding; unless it is ``ok``, the text says what to do."""

    level: Level  # ``fail`` keeps the bot from working, ``warn`` from doing something
    subject: str
    text: str
