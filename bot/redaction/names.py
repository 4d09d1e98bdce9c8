"""Know secrets by the name that stands before them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.redaction.spans import Span
from bot.redaction.values import START_OF_NO_VALUE, is_secret

_SURE = (
    r"pass(?:word|wd|phrase|code)s?|passwort|contrase[nñ]a|mot_?de_?passe|(?<![a-z])(?:pwd|pass|pw|pswd|secret"
    r"|sshpass)|(?<=db|my)pass|pwd"
)
_LIKELY = (
    r"secret|tokens?|api[_\-. ]?keys?|(?:access|auth|account|private|encryption|encrypt|signing|sign|master"
    r"|licen[sc]e|app|application|service"
    r"|subscription|deploy|storage|security|session|client|user|consumer|server|integration|shared|admin|root|ssh"
    r"|aes|crypt|cipher|hmac|jwt"
    r"|webhook|write|read|ingest|ingestion|instrumentation|publishable|project|primary|secondary|recovery|backup"
    r"|host|function)[_\-. ]?key"
    r"|(?<=[a-z0-9]_)key|credentials?|(?<![a-z])creds?|(?<![a-z])auth(?:orization)?|(?<![a-z])dsn"
    r"|connection[_\-. ]?string|(?<![a-z])cookie"
    r"|session[_\-. ]?id|(?<![a-z])(?:sid|jwt|sig|otp|salt|pat|bearer|hmac|nonce|seed)|signature"
    r"|webhook(?:[_\-. ]?url)?"
)
# Of a text in lower case: where case counts, each alternative is tried by its first letter, which is fast.
_NAME = re.compile(
    rf"(?:(?P<sure>{_SURE})|(?P<likely>{_LIKELY}))"
    r"(?P<rest>(?:[_\-.]?(?:key|base|value|val|string|text|plain|raw|hash|token|secret|prod(?:uction)?|dev|test"
    r"|staging|live|stage|local"
    r"|old|new|main|default|current|primary|id|ci|qa|v?\d{1,2})){0,3})"
    r"(?P<close>\\{0,3}[\"'`]|\\{0,3}[\"'`]?\]|>)?"
)
_HINT = re.compile(
    r"pass|pwd|pw|secret|token|key|contrase|mot|cred|auth|dsn|string|cookie|session|sid|jwt|sig|otp|salt|pat"
    r"|bearer|hmac|nonce|seed|webhook|pswd"
)
_LONGEST = 24
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_SEPARATORS = re.compile(
    r"(?P<equals>[ \t]{0,8}(?:=>|:=|==|=|%3D)[ \t]{0,4})"
    r"|(?P<colon>[ \t]{0,8}(?::|%3A)[ \t]{0,8})"
    r"|(?P<pair>[\s,;]{0,4}\\{0,3}[\"']?(?i:value|val|data)\\{0,3}[\"']?[ \t]?[:=][ \t]?)"
    r"|(?P<list>,[ \t]{0,4}(?=[\"']))"
    r"|(?P<table>[ \t]{0,8}\|[ \t]{0,8})"
    r"|(?P<prose>[ \t]{1,4}(?:(?:for|of|to)[ \t]+[\w.\-@]{1,40}[ \t]+)?(?i:is|was|=|are|as|to|set to|-"
    r"|→)[ \t]{0,4}:?[ \t]{0,4})"
    r"|(?P<space>[ \t]{1,4})"
    r"|(?P<tag>(?<=>))"
)
_MOST = 128
_QUOTED = re.compile(r"(?P<back>\\{0,3})(?P<quote>[\"'`])")
_BARE = re.compile(rf"[^\s\"'`<>]{{1,{_MOST}}}")
_REST = re.compile(r"[^\s\"'`<>&;,)\]}]{0,4096}")
_FLAG = re.compile(r"(?:^|[\s\"'\[,(=])--?[A-Za-z][\w.\-]{0,40}\Z|(?:^|[\s\"'\[,(=])--?\Z")
_LIST = re.compile(r"[&;,](?=\w{1,40}=)|\\n|\\r|&amp;")


def find_named(text: str) -> Iterator[Span]:
    """Yield the values of telling names."""
    at = 0
    lower = _lower(text)
    for hint in _HINT.finditer(lower):
        if hint.end() <= at:
            continue
        # The telling word is slow to match: it is looked for where a part of one stands.
        name = _NAME.search(lower, max(at, hint.start() - _LONGEST), hint.end() + 4 * _LONGEST)
        if name is None:
            at = hint.end() + 3 * _LONGEST
            continue
        at = name.end()
        separator = _SEPARATORS.match(text, at)
        if separator is None or (separator.lastgroup == "tag") != (name["close"] == ">"):
            continue
        found = _read_value(text, name, separator)
        if found is not None:
            at = found.end
            yield found


def _lower(text: str) -> str:
    """Return a text of the same length in lower case."""
    lower = text.lower()
    return lower if len(lower) == len(text) else text.translate(_LOWER)


def _read_value(text: str, name: re.Match[str], separator: re.Match[str]) -> Span | None:
    start = separator.end()
    quoted = _QUOTED.match(text, start)
    if quoted is not None:
        start = quoted.end()
        end = _find_quote(text, start, quoted)
        if end is None:
            return None
        value = text[start:end]
    else:
        if text.startswith(START_OF_NO_VALUE, start):
            return None
        bare = _BARE.match(text, start)
        if bare is None:
            return None
        value = bare.group()
        cut = _LIST.search(value)
        value = (value[: cut.start()] if cut else value).rstrip(",;)]}.")
    closed = quoted is not None or text[start + len(value) : start + len(value) + 2].strip(" \t,;\"'")[:1] in (
        "",
        "\n",
        "\r",
    )
    sure = name["sure"] is not None
    how = separator.lastgroup or ""
    if how == "space":
        near = max(0, name.start() - 42)
        # The search is slow, and without a hyphen it finds nothing.
        flag = _FLAG.search(text, near, name.start()) if text.find("-", near, name.start()) >= 0 else None
        how = "flag" if flag is not None else "prose"
        closed = closed and (flag is not None or quoted is not None)
    if not is_secret(value, how, sure, closed, quoted is not None):
        return None
    end = start + len(value)
    if quoted is None and len(value) == _MOST:
        end = _REST.match(text, end).end()  # type: ignore[union-attr]
    return Span(start, end, "password" if sure and "secret" not in name["sure"] else "secret")


def _find_quote(text: str, start: int, quoted: re.Match[str]) -> int | None:
    """Return where a quoted value ends: at its own quote, within the line."""
    mark = quoted["back"] + quoted["quote"]
    end = text.find(mark, start, start + 1024)
    while end > start and not quoted["back"] and text[end - 1] == "\\":
        end = text.find(mark, end + 1, start + 1024)
    if end <= start or "\n" in text[start:end]:
        return None
    return end
