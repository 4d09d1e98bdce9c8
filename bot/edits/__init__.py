"""Model text to exact changes: parse, locate, apply. Pure functions on text."""

from __future__ import annotations

from bot.edits.apply import apply
from bot.edits.calls import make_edit, make_file
from bot.edits.formats import EditFormat, format_for
from bot.edits.parse import parse
from bot.edits.values import (
    Applied,
    Delete,
    Edit,
    EditError,
    EditRefused,
    Hunk,
    ParseError,
    Rename,
    Replace,
    Write,
)

__all__ = [
    "Applied",
    "Delete",
    "Edit",
    "EditError",
    "EditFormat",
    "EditRefused",
    "Hunk",
    "ParseError",
    "Rename",
    "Replace",
    "Write",
    "apply",
    "format_for",
    "make_edit",
    "make_file",
    "parse",
]
