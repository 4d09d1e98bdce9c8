"""Secrets that the static layer found are taken for marks: nothing stored, asked or said holds their text.

A secret has the same mark wherever and whenever it stands, so the code around it is found again on a later head. Pure
functions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping

from bot.analysis.records import Analysis, StaticFinding

TOOL = "detect-secrets"
_LAYER = "static analysis"
_KEY = "private-key"
_LONG = 200
_SHORTEST = 8
_MARK = re.compile(r"hidden_secret_[0-9a-f]{3}")
_KEY_LINE = re.compile(r"[\s\"'+,#*]*([A-Za-z0-9+/=]{8,})(?:\\[nr])*[\s\"'+,;\\)]*")
_KEY_RUN = re.compile(r"[A-Za-z0-9+/=]{16,}")


def list_secrets(static: Analysis) -> tuple[StaticFinding, ...] | None:
    """Where the head holds secrets, as far as its changed files were looked at; None where they were not."""
    if any(one.tool in {TOOL, _LAYER} for one in static.not_run):
        return None
    return tuple(one for one in (*static.new, *static.evidence) if one.tool == TOOL)


def read_values(found: Iterable[StaticFinding], texts: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets themselves, longest first, for nothing but hiding them; ``texts`` are the files of the head."""
    every = {value for one in found if one.path in texts for value in _values(one, texts[one.path])}
    return tuple(sorted((value for value in every if len(value) >= _SHORTEST), key=len, reverse=True))


def restore_values(quote: str, text: str) -> tuple[str, ...]:
    """The secrets behind the marks of a stored quote, where its lines still stand in a text."""
    lines = {line.strip() for line in text.split("\n")}
    return tuple(
        value for row in quote.split("\n") if find_placeholders(row) for line in lines for value in _behind(row, line)
    )


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with marks instead of secrets."""
    for secret in secrets:
        text = text.replace(secret, make_placeholder(secret))
    return text


def make_placeholder(secret: str) -> str:
    """A name for a secret. It gives twelve bits of a digest away, which help nobody to guess it."""
    return f"hidden_secret_{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()[:3]}"


def find_placeholders(text: str) -> tuple[str, ...]:
    """The marks in a text."""
    return tuple(_MARK.findall(text))


def _values(one: StaticFinding, text: str) -> Iterator[str]:
    first, *rest = text.split("\n")[one.line - 1 : one.line + _LONG] or [""]
    if one.rule == _KEY:
        yield from _KEY_RUN.findall(first.partition("PRIVATE KEY-----")[2])
        for line in rest:
            body = _KEY_LINE.fullmatch(line)
            if body is None:
                return
            yield body[1]
    elif one.columns is None or one.columns[1] > len(first) + 1:
        yield first.strip()
    else:
        yield first[one.columns[0] - 1 : one.columns[1] - 1]


def _behind(row: str, line: str) -> Iterator[str]:
    pattern = r"(.+?)".join(re.escape(piece) for piece in _MARK.split(row.strip()))
    found = re.fullmatch(pattern, line)
    for name, value in zip(find_placeholders(row), found.groups() if found else (), strict=False):
        if make_placeholder(value) == name:
            yield value
