"""Judge what stands where a secret may stand."""

from __future__ import annotations

import re

from bot.redaction.randomness import has_words, is_hex, is_random, looks_random

_NOTHING = re.compile(
    r"(?i:\*+|x{3,}|\.{3,}|-+|_+|none|null|nil|undefined|true|false|yes|no|on|off|string|str|int|bool|boolean"
    r"|bytes|object|required"
    r"|optional|missing|invalid|expired|empty|unset|masked|hidden|redacted|removed|changed|default|bearer|basic"
    r"|token|password|secret|key"
    r"|value|auth|authorization|inherit|enabled|disabled|failed|failure|error|ok|success|type|name|not|set|was"
    r"|must|should|text)"
    r"|(?:\\n|\\t)+"
)
# The last is what redaction itself leaves behind.
START_OF_NO_VALUE = (*"$%{<[*(", "removed]")
_URL = re.compile(r"[a-z][a-z0-9+.\-]{1,20}://")
_CODE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+(?:\(.*)?|\w+\(.*|.*\)[;:,.]?")
_MEASURE = re.compile(r"v?\d+(?:[.:,\-/]\d+)*[A-Za-z%]{0,3}|\d{4}-\d\d-\d\dT[\d:.]+Z?|0x[0-9a-fA-F]+|@[\w/.\-]+")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_PIECES = re.compile(r"[_\-./:,+=]+|(?<=[a-z])(?=[A-Z])")


def is_secret(value: str, how: str, sure: bool, closed: bool, quoted: bool) -> bool:
    """Say whether a value is a secret, by how it stands behind its name."""
    if len(value) < 4 or (how == "prose" and len(value) < 20 and value.isalpha()) or is_placeholder(value):
        return False
    if is_random(value) or (is_hex(value) and len(value) >= 32):
        return True
    if (
        _URL.match(value)
        or (not quoted and _CODE.fullmatch(value))
        or _MEASURE.fullmatch(value)
        or " " in value.strip()
        or value.startswith(("/", "./", "../", "~/"))
    ):
        return (
            sure
            and quoted
            and " " in value
            and how in ("equals", "colon")
            and any(char.isdigit() for char in value)
            and len(value) < 40
        )
    if how == "prose":
        return _is_typed(value) and len(value) >= (6 if sure else 10) and (quoted or not sure or _is_mixed(value))
    if sure:
        return _is_password(value, how, closed)
    return (
        len(value) >= 8
        and (_is_mixed(value) or (len(value) >= 12 and looks_random(value)))
        and not _is_made_of_words(value)
    )


def _is_password(value: str, how: str, closed: bool) -> bool:
    if value.isdigit():
        return how in ("equals", "flag") and len(value) >= 6
    if _VARIABLE.fullmatch(value):
        return False
    if how in ("equals", "flag", "pair", "tag"):
        return closed or _is_mixed(value)
    return _is_mixed(value) or (closed and len(value) >= 6)


def is_placeholder(value: str) -> bool:
    """Say whether a value only stands for one."""
    return (
        value.startswith(START_OF_NO_VALUE) or _NOTHING.fullmatch(value) is not None or "***" in value or "${" in value
    )


def is_measure(value: str) -> bool:
    """Say whether a value is a number, a version or a time."""
    return _MEASURE.fullmatch(value) is not None


def is_dense(value: str) -> bool:
    """Say whether a value has digits, or is long."""
    return any(char.isdigit() for char in value) or len(value) >= 24


def _is_mixed(value: str) -> bool:
    """Say whether a value has letters and something else between them."""
    return any(map(str.isalpha, value)) and any(char.isdigit() or char in "!@#$%^&*+=?~" for char in value)


def _is_typed(value: str) -> bool:
    return _is_mixed(value) and not _is_made_of_words(value) and not value.endswith(":")


def _is_made_of_words(value: str) -> bool:
    pieces = [piece for piece in _PIECES.split(value) if piece]
    if len(pieces) > 1 and all(piece.isalpha() or piece.isdigit() for piece in pieces):
        return True
    return all(piece.isalpha() or piece.isdigit() or len(piece) <= 4 for piece in pieces) and has_words(value)
