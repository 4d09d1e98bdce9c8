"""Read frames of stack traces; nothing but places is taken: variables and source lines hold secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.signals.fields import NAME, find, find_text, raw_text
from bot.signals.records import Frame

_LONGEST = 500
_HEAD = re.compile(r"^(?:[A-Za-z]:)?(?:app://)?/*(?:\.{1,2}/)*")
_NO_FILE = re.compile(r"^[<\[]|\s")


def read_frame(data: Any) -> Frame | None:
    """Return a frame with the names that Sentry uses, or None if it is none."""
    if not isinstance(data, Mapping):
        return None
    path = tidy_path(
        raw_text(find(data, "filename")) or raw_text(find(data, "path")) or raw_text(find(data, "abs_path"))
    )
    function = find_text(data, "function", most=NAME)
    if not path and not function:
        return None
    line = find(data, "lineno") or find(data, "line")
    good = isinstance(line, int) and not isinstance(line, bool) and 0 < line < 10**8
    return Frame(path=path, function=function, line=line if good else None, in_app=find(data, "in_app") is not False)


def tidy_path(path: str) -> str:
    """Return a path as trees have it, or "" if it is no file's."""
    path = path.strip().replace("\\", "/")[:_LONGEST]
    path = _HEAD.sub("", path)
    return "" if _NO_FILE.search(path) or "\0" in path or not path.isprintable() else path
