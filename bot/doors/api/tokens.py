"""Make tokens of the API, and read them again.

A token is ``fhp_``, 36 random characters and six of a checksum, so that scanners for secrets find it and a mistyped one
costs no query. It holds 214 random bits: a plain SHA-256 of it is a safe thing to store.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from typing import NamedTuple

_PREFIX = "fhp_"
_LOCAL = "fha_"  # of the control room's local administrator: no token of the API
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_RANDOM = 36
_CHECK = 6
_LENGTH = len(_PREFIX) + _RANDOM + _CHECK
_SHOWN = len(_PREFIX) + 6


class TokenText(NamedTuple):
    """A token as its owner holds it.

    ``digest`` is what is stored, ``prefix`` what may be shown.
    """

    text: str
    digest: str
    prefix: str


def make_token() -> TokenText:
    """Return a new token."""
    return _make(_PREFIX)


def make_local_token() -> TokenText:
    """Return a new token of the control room's local administrator."""
    return _make(_LOCAL)


def read_token(text: str) -> TokenText | None:
    """Return a token that was sent, None if it cannot be one of ours."""
    return _read(text, _PREFIX)


def read_local_token(text: str) -> TokenText | None:
    """Return a local administrator's token, None if it cannot be one."""
    return _read(text, _LOCAL)


def _make(prefix: str) -> TokenText:
    body = prefix + "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM))
    return _of(body + _checksum(body))


def _read(text: str, prefix: str) -> TokenText | None:
    well_formed = len(text) == _LENGTH and text.isascii() and text.startswith(prefix)
    if not well_formed or text[-_CHECK:] != _checksum(text[:-_CHECK]):
        return None
    return _of(text)


def _of(text: str) -> TokenText:
    return TokenText(text, hashlib.sha256(text.encode()).hexdigest(), text[:_SHOWN])


def _checksum(text: str) -> str:
    number = zlib.crc32(text.encode())
    digits = []
    for _ in range(_CHECK):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
