"""Rewrite our part of a body, between two hidden lines."""

from __future__ import annotations

import re

from bot.github.text.markers import MAX_BODY
from bot.github.text.outgoing import cap

_LEAST = 500


def section(name: str, text: str) -> str:
    """Return a text between its hidden lines."""
    begin, end = _lines(name)
    return f"{begin}\n{text}\n{end}"


def rewritten(body: str, name: str, text: str) -> str | None:
    """Return the body with this text in its section.

    It is cut to what GitHub takes. None where people removed the section, or wrote so much around it that no room is
    left. The section ends at the last of its closing lines: code that it quotes may show another one.
    """
    begin, end = _lines(name)
    found = re.search(rf"{re.escape(begin)}.*{re.escape(end)}", body, re.DOTALL)
    if found is None:
        return None
    before = body[: found.start()]
    after = body[found.end() :]
    room = MAX_BODY - len(before) - len(after) - len(section(name, ""))
    return before + section(name, cap(text, room)) + after if room >= _LEAST else None


def _lines(name: str) -> tuple[str, str]:
    return f"<!-- forgehand {name} -->", f"<!-- /forgehand {name} -->"
