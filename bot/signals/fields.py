"""Read fields of bodies that strangers wrote: whatever is not of the expected kind counts as missing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from bot.redaction import redact
from bot.signals.records import Link

TITLE, TEXT, NAME, VALUE = 200, 8_000, 200, 300  # characters
_ALL_TEXT = 64_000  # characters of the texts of one body
_BEYOND = 1_000  # characters looked at after the last that is kept, at most
_MOST_LABELS = 40
_MOST_LINKS = 10
_LONGEST_LINK = 1_000
AHEAD_MS = 300_000  # clocks differ; what claims to begin later begins now
_LARGEST = 2**53
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_SHA = re.compile(r"(?<![0-9a-f])[0-9a-f]{40}(?![0-9a-f])")


class Arrival(NamedTuple):
    """The way a body came: by which source, in which delivery, and when."""

    name: str  # of the source, as it was configured
    delivery: str
    received: int  # ms since the epoch


def find(data: Any, *path: str) -> Any:
    """Return what stands under these names, one inside the other, or None."""
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def find_map(data: Any, *path: str) -> Mapping[str, Any]:
    """Return the object under these names, or an empty one."""
    found = find(data, *path)
    return found if isinstance(found, Mapping) else {}


def find_list(data: Any, *path: str) -> list[Any]:
    """Return the list under these names, or an empty one."""
    found = find(data, *path)
    return found if isinstance(found, list) else []


def find_text(data: Any, *path: str, most: int = NAME) -> str:
    """Return a text or a number under these names, cleaned, or ""."""
    return clean(raw_text(find(data, *path)), most)


def raw_text(value: Any) -> str:
    """Return a text, or a whole number of usual size as one; else ""."""
    if isinstance(value, str):
        return value
    small = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST
    return str(value) if small else ""


def clean(text: str, most: int = TEXT) -> str:
    """Return a text cut to ``most`` characters, without people's addresses."""
    text = _cut(text, most).encode("utf-8", "replace").decode()
    text = _EMAIL.sub("[address removed]", redact(_CONTROL.sub(" ", text.replace("\r\n", "\n"))))
    return text.strip()[:most].strip()


def share_text(count: int) -> int:
    """Return how long each text may be when a body holds ``count`` signals.

    Secrets are looked for in all of it, and a body of hostile text would take seconds.
    """
    return min(TEXT, max(_ALL_TEXT // max(count, 1), NAME))


def clean_line(text: str, most: int = TITLE) -> str:
    """Return a text as :func:`clean` does, in one line."""
    return clean(" ".join(_cut(text, most).split()), most)


def _cut(text: str, most: int) -> str:
    """Cut a text behind a margin, so that no secret in what is kept is halved."""
    return text[: most + min(max(most, NAME), _BEYOND)]


def read_moment(value: Any, otherwise: int) -> int:
    """Return a moment in ms: from ISO 8601, or seconds or ms as a number.

    ``otherwise`` is when it was received: returned where the value holds no moment, or one that is too late.
    """
    moment = parse_moment(value)
    return otherwise if moment is None or moment > otherwise + AHEAD_MS else moment


def parse_moment(value: Any) -> int | None:
    """Return a moment in ms, None where the value holds none."""
    moment = _parse_iso(value) if isinstance(value, str) and not value.strip().isdecimal() else _parse_number(value)
    return None if moment is None or moment <= 0 else moment


def make_digest(*parts: str) -> str:
    """Return a short name of these texts together."""
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]


def read_pairs(value: Any) -> dict[str, str]:
    """Return the texts of an object, by name; other values are left out."""
    if not isinstance(value, Mapping):
        return {}
    found = {str(name)[:NAME]: text for name, one in value.items() if (text := raw_text(one))}
    return dict(sorted(found.items()))


def show_pairs(pairs: Mapping[str, str]) -> dict[str, str]:
    """Return some of these pairs, cleaned, for people to look at."""
    # together, since some secrets are known by their name only
    chosen = (clean_line(f"{name[:VALUE]}={value}", 2 * VALUE) for name, value in list(pairs.items())[:_MOST_LABELS])
    return {name: value[:VALUE] for name, _, value in (text.partition("=") for text in chosen)}


def make_links(pairs: Iterable[tuple[str, Any]]) -> tuple[Link, ...]:
    """Return the web addresses among these, titled."""
    found = [Link(title=clean_line(title), url=url) for title, one in pairs if (url := read_url(one))]
    return tuple(found[:_MOST_LINKS])


def read_url(value: Any) -> str:
    """Return a web address without its login, or ""."""
    if not isinstance(value, str) or len(value) > _LONGEST_LINK or not value.isprintable() or " " in value:
        return ""
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not host:
        return ""
    return clean(parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(), _LONGEST_LINK)


def find_sha(*texts: str) -> str:
    """Return the first commit that a text names in full, or ""."""
    found = (_SHA.search(text[:TEXT]) for text in texts)
    return next((match[0] for match in found if match), "")


def read_branch(value: Any) -> str:
    """Return a branch's name without its remote, or ""."""
    # nothing is taken out of it: it must be found again
    text = _CONTROL.sub("", " ".join(raw_text(value)[:NAME].encode("utf-8", "replace").decode().split()))
    for prefix in ("refs/heads/", "refs/remotes/origin/", "origin/"):
        text = text.removeprefix(prefix)
    return text


def _parse_iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip()[:40])
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None


def _parse_number(value: Any) -> int | None:
    if isinstance(value, str):
        value = int(value) if len(value.strip()) <= 16 else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LARGEST:
        return None
    return int(value if value > 100_000_000_000 else value * 1000)
