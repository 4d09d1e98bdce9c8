"""Read str_replace calls, as parsed values or as JSON in a text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.edits.reader import ReadResult
from bot.edits.values import Edit, Hunk, ParseError, Replace, Write

_PATHS = ("path", "file_path", "file", "filename", "filepath", "target_file")
_OLD = ("old_str", "old_string", "old", "search", "old_text", "original", "find")
_NEW = ("new_str", "new_string", "new", "replace", "new_text", "patched", "replacement")
_TEXT = ("file_text", "content", "text", "contents")


def make_edit(path: str, old: str, new: str) -> Replace:
    """Make the edit of a str_replace call; an empty ``old`` makes a new file."""
    return Replace(path, (Hunk(old, new),))


def make_file(path: str, text: str) -> Write:
    """Make the edit that gives a file its whole text."""
    return Write(path, text)


def read(lines: Sequence[str], at: int) -> ReadResult | None:
    """Read the JSON value at line ``at``; None unless it is edit calls."""
    if not lines[at].lstrip().startswith(("{", "[")):
        return None
    rest = "\n".join(lines[at:])
    start = len(rest) - len(rest.lstrip())
    try:
        value, end = json.JSONDecoder(strict=False).raw_decode(rest, start)
    except (ValueError, RecursionError):
        return None
    edits = _read_edits(value, "")
    return ReadResult(tuple(edits), at + rest.count("\n", 0, end) + 1) if edits else None


def _read_edits(value: Any, path: str) -> list[Edit]:
    if isinstance(value, list):
        return [edit for item in value for edit in _read_edits(item, path)]
    if not isinstance(value, Mapping):
        return []
    path = _first(value, _PATHS) or path
    old = _first(value, _OLD)
    new = _first(value, _NEW)
    text = _first(value, _TEXT)
    if path and old is not None and new is not None:
        return [make_edit(path, old, new)]
    if path and text is not None and old is None:
        return [make_file(path, text)]
    if path and old is not None:
        raise ParseError(f"The edit of {path} says what to replace but not by what.")
    nested = (value[key] for key in ("edits", "arguments", "input", "parameters", "changes") if key in value)
    return [edit for item in nested for edit in _read_edits(_decode(item), path)]


def _decode(item: Any) -> Any:
    """Decode a value that may be JSON inside a string, as arguments may be."""
    if not isinstance(item, str):
        return item
    try:
        return json.loads(item)
    except (ValueError, RecursionError):
        return None


def _first(value: Mapping[str, Any], names: Sequence[str]) -> str | None:
    return next((value[name] for name in names if isinstance(value.get(name), str)), None)
