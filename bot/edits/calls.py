"""str_replace tool calls: as values for a caller that has them parsed, and as JSON in an answer's text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.edits.reading import Reading
from bot.edits.values import Edit, Hunk, ParseError, Replace, Write

_PATHS = ("path", "file_path", "file", "filename", "filepath", "target_file")
_OLD = ("old_str", "old_string", "old", "search", "old_text", "original", "find")
_NEW = ("new_str", "new_string", "new", "replace", "new_text", "patched", "replacement")
_TEXT = ("file_text", "content", "text", "contents")


def make_edit(path: str, old: str, new: str) -> Replace:
    """Return the edit a str_replace call asks for; with an empty ``old`` a new file."""
    return Replace(path, (Hunk(old, new),))


def make_file(path: str, text: str) -> Write:
    """Return the edit that gives a file its whole text."""
    return Write(path, text)


def read(lines: Sequence[str], at: int) -> Reading | None:
    """Read the JSON value that begins at line ``at``, if it is one or several edit calls."""
    if not lines[at].lstrip().startswith(("{", "[")):
        return None
    rest = "\n".join(lines[at:])
    start = len(rest) - len(rest.lstrip())
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(rest, start)
    except (ValueError, RecursionError):
        return None
    edits = _edits(value, "")
    return Reading(tuple(edits), at + rest.count("\n", 0, end) + 1) if edits else None


def _edits(value: Any, path: str) -> list[Edit]:
    if isinstance(value, list):
        return [edit for item in value for edit in _edits(item, path)]
    if not isinstance(value, Mapping):
        return []
    path = _first(value, _PATHS) or path
    old, new, text = _first(value, _OLD), _first(value, _NEW), _first(value, _TEXT)
    if path and old is not None and new is not None:
        return [make_edit(path, old, new)]
    if path and text is not None and old is None:
        return [make_file(path, text)]
    if path and old is not None:
        raise ParseError(f"The edit of {path} says what to replace but not by what.")
    nested = (value[key] for key in ("edits", "arguments", "input", "parameters", "changes") if key in value)
    return [edit for item in nested for edit in _edits(_decoded(item), path)]


def _decoded(item: Any) -> Any:
    """Arguments of a call may be JSON inside a string."""
    if not isinstance(item, str):
        return item
    try:
        return json.loads(item)
    except (ValueError, RecursionError):
        return None


def _first(value: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((value[name] for name in names if isinstance(value.get(name), str)), None)
