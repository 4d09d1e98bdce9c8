"""Know secrets by their place: headers, cookies, addresses and flags of programs."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from bot.redaction.randomness import is_hex, is_random, looks_random
from bot.redaction.spans import Span
from bot.redaction.values import is_dense, is_measure, is_placeholder

_HEADER = re.compile(
    r"(?i:authorization\\{0,3}[\"']?[ \t]{0,3}[:=][ \t]{0,3}\\{0,3}[\"']?)"
    r"(?P<scheme>[A-Za-z][A-Za-z0-9\-]{2,20}[ \t]+)?(?P<value>[^\s\"',<>\\]{4,4096})"
)
_BEARER = re.compile(
    r"(?i:(?<![A-Za-z])bearer(?:[ \t]{1,4}|%20|\+)\\{0,3}[\"']?)(?P<value>[A-Za-z0-9._~+/=\-]{8,4096})"
)
_BASIC = re.compile(r"(?i:(?<![A-Za-z])basic[ \t]{1,4})(?P<value>[A-Za-z0-9+/]{8,2048}={0,2})")
_COOKIE = re.compile(
    r"(?i:(?<![A-Za-z])(?:set-)?cookie\\{0,3}[\"']?[ \t]{0,3}:[ \t]{0,3}\\{0,3}[\"']?)"
    r"(?P<value>[^\s=;,\"']{1,80}=[^\r\n\"']{4,2048})"
)
_USER_FLAG = re.compile(
    r"(?<![\w\-])(?:-u|--user|--proxy-user|--userpass|--creds"
    r"|-U)[ =]{1,3}[\"']?[^\s:'\"/]{1,80}:(?P<value>[^\s'\"]{3,200})"
)
_CLIENT = re.compile(
    r"(?<![\w\-])(?:mysql\w*|mariadb\w*|sshpass|docker login|podman login|mongo\w*|redis-cli|helm registry login"
    r"|az login|ldapsearch|smbclient"
    r"|unzip|7z|zip|pg_dump|sqlcmd|htpasswd|expect|kinit|influx|clickhouse-client)[^\n]{0,160}?[ \t][\"']?-(?:p|a"
    r"|w|P|pw)[ \t]{0,2}(?P<quote>[\"']?)(?P<value>[^\s\"']{4,200})"
)
_ORACLE = re.compile(r"(?<![\w/.])\w{2,40}/(?P<value>[^\s/@\"':]{3,80})@(?://)?[\w.\-]{2,80}(?::\d{2,5})?/\w")
_USERINFO = re.compile(
    r"://(?P<info>[^\s\"'<>@:]{0,200}(?::[^\s\"'<>@:]{1,200}(?::[^\s\"'<>@:/]{1,100})?)?"
    r"(?:@[^\s\"'<>@:/]{1,100})?)@(?=[\w\[$])"
)
_QUOTED_USERINFO = re.compile(r"%3A%2F%2F[\w.~\-]{0,100}%3A(?P<value>[\w.~%\-]{1,200}?)%40", re.IGNORECASE)
_PORT = re.compile(r"\d{1,5}(?:/|\Z)")


def find_placed(text: str) -> Iterator[Span]:
    """Yield the secrets in headers, cookies, addresses and flags."""
    lower = text.lower()
    # Each pattern is slow to look for; a word that it needs is not.
    for word, pattern, kind in (
        ("cookie", _COOKIE, "cookie"),
        ("-u", _USER_FLAG, "password"),
        ("--creds", _USER_FLAG, "password"),
        ("%3a%2f%2f", _QUOTED_USERINFO, "password"),
        ("@", _ORACLE, "password"),
    ):
        for match in pattern.finditer(text) if word in lower else ():
            if not is_placeholder(match["value"]):
                yield Span(*match.span("value"), kind)
    yield from _find_headers(text, lower)
    yield from find_addresses(text)
    for match in _CLIENT.finditer(text):
        if not is_measure(match["value"]) and not is_placeholder(match["value"]):
            yield Span(*match.span("value"), "password")


def _find_headers(text: str, lower: str) -> Iterator[Span]:
    for match in _HEADER.finditer(text) if "authorization" in lower else ():
        value = match["value"]
        if not is_placeholder(value) and (match["scheme"] or len(value) >= 8) and is_dense(value):
            yield Span(*match.span("value"), "credential")
    for match in _BEARER.finditer(text) if "bearer" in lower else ():
        if is_dense(match["value"]):
            yield Span(*match.span("value"), "token")
    for match in _BASIC.finditer(text) if "basic" in lower else ():
        try:
            decoded = base64.b64decode(match["value"] + "=" * (-len(match["value"]) % 4))
        except (binascii.Error, ValueError):
            continue
        if b":" in decoded:
            yield Span(*match.span("value"), "credential")


def find_addresses(text: str) -> Iterator[Span]:
    """Yield the passwords of addresses."""
    for match in _USERINFO.finditer(text):
        start, end = match.span("info")
        user, colon, password = match["info"].partition(":")
        if not colon:
            if len(user) >= 16 and "/" not in user and (is_hex(user) or is_random(user) or looks_random(user)):
                yield Span(start, end, "credential")
        elif "/" not in user and len(password) >= 3 and not _PORT.match(password) and not is_placeholder(password):
            yield Span(start if is_hex(user) and len(user) >= 16 else start + len(user) + 1, end, "password")
