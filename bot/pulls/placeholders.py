"""Replace detected secrets by stable placeholders.

Nothing that is stored, prompted or posted holds their text. A secret has the same placeholder everywhere and always, so
that the code around it is found again on a later head. All functions here are pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping

from bot.analysis.records import Analysis, StaticFinding

TOOL = "detect-secrets"
_LAYER = "static analysis"
_KEY = "private-key"
# Lines of a private key that are read at most.
_LONG = 200
# Characters of the shortest value that is redacted: less would replace ordinary words of the code.
_SHORTEST = 8
_PLACEHOLDER = re.compile(r"hidden_secret_[0-9a-f]{3}")
_KEY_LINE = re.compile(r"[\s\"'+,#*]*([A-Za-z0-9+/=]{8,})(?:\\[nr])*[\s\"'+,;\\)]*")
_KEY_RUN = re.compile(r"[A-Za-z0-9+/=]{16,}")


def list_secrets(static: Analysis) -> tuple[StaticFinding, ...] | None:
    """List where changed files of the head hold secrets; None: not searched."""
    if any(one.tool in {TOOL, _LAYER} for one in static.not_run):
        return None
    return tuple(one for one in (*static.new, *static.evidence) if one.tool == TOOL)


def read_values(found: Iterable[StaticFinding], texts: Mapping[str, str]) -> tuple[str, ...]:
    """Read the secrets, longest first, from the head: only to redact them."""
    every = {value for one in found if one.path in texts for value in _read_values(one, texts[one.path])}
    return tuple(sorted((value for value in every if len(value) >= _SHORTEST), key=len, reverse=True))


def restore_values(quote: str, text: str) -> tuple[str, ...]:
    """Find the secrets of a stored quote, where its lines still stand."""
    lines = {line.strip() for line in text.split("\n")}
    return tuple(
        value
        for row in quote.split("\n")
        if find_placeholders(row)
        for line in lines
        for value in _restore_row(row, line)
    )


def redact(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets in a text by their placeholders."""
    for secret in secrets:
        text = text.replace(secret, make_placeholder(secret))
    return text


def make_placeholder(secret: str) -> str:
    """Make a secret's placeholder: twelve bits of a digest help no guessing."""
    return f"hidden_secret_{hashlib.sha256(secret.encode('utf-8', 'surrogatepass')).hexdigest()[:3]}"


def find_placeholders(text: str) -> tuple[str, ...]:
    """Find the placeholders in a text."""
    return tuple(_PLACEHOLDER.findall(text))


def _read_values(one: StaticFinding, text: str) -> Iterator[str]:
    """Yield the secrets that a finding points to."""
    # A private key is the run of base64 lines below its header.
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


def _restore_row(row: str, line: str) -> Iterator[str]:
    """Yield the values in a line that a quoted row has placeholders for."""
    pattern = r"(.+?)".join(re.escape(piece) for piece in _PLACEHOLDER.split(row.strip()))
    found = re.fullmatch(pattern, line)
    for name, value in zip(find_placeholders(row), found.groups() if found else (), strict=False):
        if make_placeholder(value) == name:
            yield value
