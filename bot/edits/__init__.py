"""Turn a model's answer into exact changes of files.

:func:`parse` reads edits out of the answer's text, :func:`apply` locates and applies them, all or none, and
:func:`format_for` chooses the format to ask a model for. Pure functions on text.
"""

from __future__ import annotations

from bot.edits.calls import make_edit, make_file
from bot.edits.formats import EditFormat, format_for
from bot.edits.parser import parse
from bot.edits.session import apply
from bot.edits.values import (
    Delete,
    Edit,
    EditError,
    EditRefused,
    EditResult,
    Hunk,
    ParseError,
    Rename,
    Replace,
    Write,
)

__all__ = [
    "Delete",
    "Edit",
    "EditError",
    "EditFormat",
    "EditRefused",
    "EditResult",
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
