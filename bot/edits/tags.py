"""Read blocks in ``<file>``, ``<original>`` and ``<patched>`` tags."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.edits.reader import ReadResult
from bot.edits.values import Edit, Hunk, ParseError, Replace, Write

_FILE = r"file|path|file_path|filepath|filename|file_name|target_file"
_OLD = r"original|search|find|old|old_str|old_string|old_text|old_code|before"
_NEW = r"patched|replace|replacement|new|new_str|new_string|new_text|new_code|after|updated"
_BEGIN = re.compile(rf"\s*<(?:{_FILE})\b[^>]*>", re.I)
_TRIPLE = re.compile(
    rf"\s*<(?P<f>{_FILE})>\s*(?P<path>[^<>\n]+?)\s*</(?P=f)>\s*"
    rf"<(?P<o>{_OLD})>(?P<old>.*?)</(?P=o)>\s*<(?P<n>{_NEW})>(?P<new>.*?)</(?P=n)>[^\n]*",
    re.I | re.S,
)
_PAIR = re.compile(
    rf"\s*<(?P<o>{_OLD})>(?P<old>.*?)</(?P=o)>\s*<(?P<n>{_NEW})>(?P<new>.*?)</(?P=n)>[^\n]*", re.I | re.S
)
_PAIR_BEGIN = re.compile(rf"\s*<(?:{_OLD})>", re.I)
_WHOLE = re.compile(
    r"\s*<file\s+(?:path|name)=[\"'](?P<path>[^\"'\n]+)[\"']\s*>\n(?P<text>.*?)</file>[^\n]*", re.I | re.S
)


def read(lines: Sequence[str], at: int) -> ReadResult | None:
    """Read the tagged block at ``at``; a file's further pairs have no path."""
    if not _BEGIN.match(lines[at]) and not _PAIR_BEGIN.match(lines[at]):
        return None
    rest = "\n".join(lines[at:])
    for pattern in (_TRIPLE, _WHOLE, _PAIR):
        match = pattern.match(rest)
        if match is not None:
            edit: Edit = Write(match["path"], match["text"]) if pattern is _WHOLE else _make_replace(match)
            return ReadResult((edit,), at + match[0].count("\n") + 1)
    if re.match(rf"\s*<(?:{_FILE})>[^<]*</", rest, re.I) and re.search(rf"\A[^\n]*\s*<(?:{_OLD})>", rest, re.I):
        raise ParseError(f"The tagged edit at line {at + 1} of the answer is not complete.")
    return None


def _make_replace(match: re.Match[str]) -> Edit:
    path = match.groupdict().get("path") or ""
    return Replace(path, (Hunk(_strip_first_newline(match["old"]), _strip_first_newline(match["new"])),))


def _strip_first_newline(text: str) -> str:
    """Return the text between tags that have lines of their own, or share one."""
    return text.removeprefix("\n") if text.strip() else ""
