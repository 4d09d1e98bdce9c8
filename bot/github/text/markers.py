"""Hide markers in our texts, trusted only where our own bot wrote them."""

from __future__ import annotations

import json
import re

from pydantic import Field, ValidationError

from bot.types import JsonModel

MAX_BODY = 65_536
"""Characters GitHub takes in a comment, an issue or a pull request."""

# Ours stands last. What stands anywhere else, say in code that a model quotes, is somebody else's words.
_MARKER = re.compile(r"(?:^|\n)<!-- forgehand (\{[^<>]{0,500}\}) -->\s*\Z")


class Marker(JsonModel):
    """The task that wrote a text, and its ``part``: ``status``, ``final``."""

    task: str
    part: str
    v: int = Field(default=1)

    def __str__(self) -> str:
        text = json.dumps({"task": self.task, "part": self.part, "v": self.v})
        return f"<!-- forgehand {text.replace('<', chr(92) + 'u003c').replace('>', chr(92) + 'u003e')} -->"


def with_marker(body: str, marker: Marker) -> str:
    """Return the body, cut to GitHub's limit, with its marker at the end."""
    end = f"\n\n{marker}"
    return body.rstrip()[: MAX_BODY - len(end)] + end


def markers_in(body: str | None) -> tuple[Marker, ...]:
    """Return the marker on a text's last line; check the author first."""
    match = _MARKER.search(body or "")
    if match is None:
        return ()
    try:
        return (Marker.model_validate_json(match[1]),)
    except ValidationError:
        return ()


def carries(body: str | None, marker: Marker, *, author_id: int | None, bot_id: int) -> bool:
    """Tell whether our own bot, and nobody else, wrote this with this marker."""
    return author_id == bot_id and marker in markers_in(body)


def without_markers(body: str) -> str:
    """Return a text as people see it."""
    return _MARKER.sub("", body).rstrip()
