"""Make lines of different runs comparable: what changes from run to run becomes a mark."""

from __future__ import annotations

import re

_MASKS = (
    (re.compile(r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"), "<time>"),
    (re.compile(r"\b\d\d:\d\d:\d\d(?:[.,]\d+)?\b"), "<time>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b|@[0-9a-f]{6,16}\b"), "<address>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b"), "<hash>"),
    (re.compile(r"\b\d+(?:\.\d+)?\s?(?:ms|s|sec|secs|seconds?|minutes?|min|m|h|ns|us|µs)\b"), "<duration>"),
    # Looked for where a path begins: from each of its characters it takes minutes for a log of rulers.
    (re.compile(r"(?<![\w.+@~/\\-])(?:[A-Za-z]:)?(?:[\w.+@~-]*[/\\])+([\w.+@-]+)"), r"\1"),
    (re.compile(r"\d+"), "<n>"),
)
_QUOTED = re.compile(r"'[^'\n]{1,200}'|\"[^\"\n]{1,200}\"|`[^`\n]{1,200}`")


def mask(text: str) -> str:
    """Return a line with times, numbers, hashes and folders left out."""
    for pattern, mark in _MASKS:
        text = pattern.sub(mark, text)
    return text


def mask_values(text: str) -> str:
    """Return a line as ``mask`` does, its quoted values left out as well."""
    return mask(_QUOTED.sub("<value>", text))
