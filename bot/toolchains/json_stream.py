"""Read JSON values that stand behind each other, as tools print them and ``cat`` joins their files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_BLANK = re.compile(r"\s*")


def decode_stream(stream: bytes) -> Iterator[Any]:
    """Yield the values up to the first thing that is none."""
    decoder = json.JSONDecoder()
    text = stream.decode(errors="replace")
    at = 0
    try:
        while (at := _skip_blanks(text, at)) < len(text):
            value, at = decoder.raw_decode(text, at)
            yield value
    except (ValueError, RecursionError):
        return


def _skip_blanks(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
