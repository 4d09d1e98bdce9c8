"""Know secrets that have no name and no prefix: long random tokens, and encoded text that hides one."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from bot.redaction.randomness import is_random
from bot.redaction.spans import Span

_TOKEN = re.compile(r"[A-Za-z0-9_+/\-]{20,}={0,2}")
_DIGEST = re.compile(r"(?:sha\d{1,3}|md5|integrity|checksum|digest|fingerprint)[-:=\s\"']{0,3}\Z", re.IGNORECASE)
# Hashes and identifiers within a longer name.
_DIGESTS = re.compile(r"(?<![A-Za-z0-9])(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24,}(?![A-Za-z0-9]))")
_HASHES = ("sha512-", "sha384-", "sha256-", "sha1-", "h1")
_FILE = re.compile(
    r"\.(?:whl|zip|jar|tar|t?gz|bz2|xz|m?js|css|py[co]?|java|class|so|dylib|dll|png|svg|html?|json|log|txt|map|woff2?|xml|go|rs|rb|cs|kt|scala|php)(?![A-Za-z0-9])"
)
_ENCODED = re.compile(r"(?<![A-Za-z0-9+/_=\-])[A-Za-z0-9+/_\-]{12,4096}={0,2}(?![A-Za-z0-9+/_\-])")
_HEX_ENCODED = re.compile(
    r"(?<![A-Za-z0-9])(?:[0-9a-f]{2}){10,512}(?![A-Za-z0-9])|(?<![A-Za-z0-9])(?:[0-9A-F]{2}){10,512}(?![A-Za-z0-9])"
)
_PRINTABLE = re.compile(rb"[\x20-\x7e\r\n\t]+")
# A bare run of hexadecimal digits is a secret only beside a word that says so, and no other.
_BARE = re.compile(
    r"(?<![A-Za-z0-9\-/.])(?:[0-9a-f]{36}NRAL|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{48}|[0-9a-fA-F]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![A-Za-z0-9\-/.]\w)"
)
_TELLING = re.compile(r"key|token|secret|passw|credential|auth|dsn|bearer|login|webhook|datadog|apikey", re.IGNORECASE)
_OTHER = re.compile(
    r"cache|sha\d|sha-|commit|hash|digest|checksum|revision|fingerprint|etag|gpg|pgp|layer|image|head|tree|object|\bref"
    r"|build|contain|download|version|md5|artifact|runner|request.?id|merge|branch|worker|session|node|trace|span|uuid"
    r"|guid|keyserver|keyring|pub ",
    re.IGNORECASE,
)
_NEAR = 40


def find_tokens(text: str) -> Iterator[Span]:
    """Yield tokens that nobody typed."""
    for match in _TOKEN.finditer(text):
        token = match.group()
        start = match.start()
        if "/" in token:
            yield from _find_in_path(text, start, token)
        elif _is_token(text, start, token):
            yield Span(start, match.end(), "token")


def find_bare(text: str) -> Iterator[Span]:
    """Yield hexadecimal keys beside a word that tells what they are."""
    for match in _BARE.finditer(text):
        before = text[max(0, match.start() - _NEAR) : match.start()].rpartition("\n")[2]
        if match.group().endswith("NRAL") or (_TELLING.search(before) and not _OTHER.search(before)):
            yield Span(match.start(), match.end(), "key")


def find_encoded(text: str, find: Callable[[str], Iterator[Span]]) -> Iterator[Span]:
    """Yield what decodes to a secret; ``find`` looks for it in clear text."""
    places: list[tuple[int, int, int]] = []
    clear: list[str] = []
    length = 0
    for start, end, decoded in _decode_all(text):
        if not any(char.isspace() for char in decoded) and len(decoded) <= 200:
            yield Span(start, end, "encoded secret")
        else:
            places.append((length, start, end))
            clear.append(decoded)
            length += len(decoded) + 2
    if not clear:
        return
    hits = [span.start for span in find("\n\n".join(clear))]
    bounds = [*(place for place, _, _ in places), length]
    for index, (_, start, end) in enumerate(places):
        if any(bounds[index] <= hit < bounds[index + 1] for hit in hits):
            yield Span(start, end, "encoded secret")


def decode(token: str) -> str | None:
    """Return the printable text that a token of base64 stands for."""
    plain = token.rstrip("=").replace("-", "+").replace("_", "/")
    if len(plain) % 4 == 1:
        return None
    try:
        raw = base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw.decode("ascii") if len(raw) >= 8 and _PRINTABLE.fullmatch(raw) else None


def _decode_all(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _ENCODED.finditer(text):
        token = match.group()
        if len(token) < 16 and not token.endswith("="):
            continue
        decoded = decode(token)
        if decoded is not None and sum(map(str.isalnum, decoded)) * 2 > len(decoded):
            yield match.start(), match.end(), decoded
    for match in _HEX_ENCODED.finditer(text):
        raw = bytes.fromhex(match.group())
        if _PRINTABLE.fullmatch(raw) and any(byte > 0x39 for byte in raw):
            yield match.start(), match.end(), raw.decode("ascii")


def _find_in_path(text: str, start: int, token: str) -> Iterator[Span]:
    """Judge the parts of what may be a path, else the whole."""
    parts = token.split("/")
    before = text[start - 1 : start]
    path = token.startswith("/") or before in (".", "~", ":", "@", "\\", "$", "}") or len(parts) > 4
    if not path and _is_token(text, start, token.replace("/", "+")):
        yield Span(start, start + len(token), "token")
        return
    at = start
    for part in parts:
        # Caches name their folders by lower case and digits.
        if len(part) >= 20 and part != part.lower() and _is_token(text, at, part):
            yield Span(at, at + len(part), "token")
        at += len(part) + 1


def _is_token(text: str, start: int, token: str) -> bool:
    plain = _DIGESTS.sub("", token).strip("=-_+")
    if not is_random(plain) or _FILE.match(text, start + len(token)):
        return False
    return _DIGEST.search(text[max(0, start - 16) : start]) is None and not token.lower().startswith(_HASHES)
