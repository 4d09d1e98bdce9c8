"""Find secrets in a text by every rule, and take them out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.redaction.headers import find_addresses, find_placed
from bot.redaction.names import find_named
from bot.redaction.randomness import is_random, may_continue
from bot.redaction.shapes import find_shapes
from bot.redaction.spans import Span, View, cut, replace
from bot.redaction.tokens import find_bare, find_encoded, find_tokens

_MIN_KNOWN = 8
# What a terminal does not show: colours, titles, marks of no width; and the time before each line of a log.
_UNSEEN = re.compile(
    r"\x1b\[[0-9;:?]{0,40}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b\n]{0,400}(?:\x07|\x1b\\)|\x1b[()][A-Z0-9]"
    r"|[\u200b-\u200d\u2060\ufeff\u00ad]"
    r"|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z ",
    re.MULTILINE,
)
_CHAR = r"[A-Za-z0-9+/_\-=.]"
# The end of a line within a value: wrapped by a terminal, continued by a shell, escaped in JSON, joined in a program.
_JOINT = re.compile(
    rf"(?<={_CHAR})(?:[\"'`][ \t]?\+?)?[ \t]{{0,4}}\\?(?:\r?\n|\\r\\n|\\n|\r)"
    rf"[ \t]{{0,80}}(?:[>|+][ \t]?)?[\"'`]?(?={_CHAR})"
)
_NEXT = re.compile(rf"{_CHAR}{{4,512}}")
_END_OF_VALUE = re.compile(r"[\"'`,;)\]}]{0,4}[ \t]{0,4}(?=\r|\n|\\n|\Z)")


def find_secrets(text: str, known: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the kinds of credentials in a text, ``known`` ones by value."""
    kinds = list(dict.fromkeys(span.kind for span in find_shapes(text)))
    if any(secret in text for secret in known if len(secret) >= _MIN_KNOWN):
        kinds.append("secret of this server")
    return tuple(kinds)


def redact_code(text: str, known: Iterable[str] = ()) -> str:
    """Replace what has the shape of a credential by its kind in brackets."""
    text = _hide_known(text, known)
    return replace(text, find_shapes(text))


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Replace each secret that a log or a signal shows by its kind."""
    text = _hide_known(text, known)
    seen = cut(text, (match.span() for match in _UNSEEN.finditer(text)))
    spans = [*_find(seen.text), *find_encoded(seen.text, _find)]
    spans += list(_continue(seen.text, spans))
    spans += _find_joined(seen.text)
    return replace(text, (seen.locate(span) for span in spans))


def _hide_known(text: str, known: Iterable[str]) -> str:
    for secret in sorted(known, key=len, reverse=True):
        if len(secret) >= _MIN_KNOWN:
            text = text.replace(secret, "[secret removed]")
    return text


def _find(text: str) -> Iterator[Span]:
    yield from find_shapes(text)
    yield from find_placed(text)
    yield from find_named(text)
    yield from find_tokens(text)
    yield from find_bare(text)


def _continue(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Yield the next lines of a secret that fills its line."""
    waiting = list(spans)
    seen: set[int] = set()
    for span in waiting:  # what is found may itself go on
        if span.end in seen:
            continue
        seen.add(span.end)
        joint = _JOINT.match(text, span.end)
        rest = _NEXT.match(text, joint.end()) if joint is not None else None
        if rest is not None and may_continue(rest.group()) and _END_OF_VALUE.match(text, rest.end()):
            found = Span(rest.start(), rest.end(), span.kind)
            waiting.append(found)
            yield found


def _find_joined(text: str) -> Iterator[Span]:
    """Yield secrets that a line end breaks in two."""
    joined = cut(text, (match.span() for match in _JOINT.finditer(text)))
    if len(joined.starts) < 2:
        return
    for found in find_addresses(joined.text):
        if len(joined.spans_cut(found)) == 1:
            yield joined.locate(found)
    for found in (*find_shapes(joined.text), *find_tokens(joined.text), *find_encoded(joined.text, _find)):
        cuts = joined.spans_cut(found)
        broken = _trim(joined, found, cuts) if cuts else None
        if broken is not None:
            yield joined.locate(broken)


def _trim(joined: View, found: Span, cuts: tuple[int, ...]) -> Span | None:
    """Leave out surrounding lines that are not part of a broken secret."""
    bounds = [found.start, *cuts, found.end]
    if found.kind == "token" and not may_continue(joined.text[bounds[0] : bounds[1]]):
        return None
    last = 1
    while last < len(bounds) - 1 and may_continue(joined.text[bounds[last] : bounds[last + 1]]):
        last += 1
    if last == 1:
        return None
    trimmed = found._replace(end=bounds[last])
    if found.kind == "token" and not is_random(joined.text[trimmed.start : trimmed.end]):
        return None
    return trimmed
