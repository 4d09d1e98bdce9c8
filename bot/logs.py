"""Write structured logs: one JSON object a line, no secrets, no prompts.

``delivery``, ``task`` and ``repository`` are bound with :func:`structlog.contextvars.bound_contextvars`.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping, Set
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor

from bot.settings import Settings

_HIDDEN = "[redacted]"
_REMEMBERED = 500  # minted tokens live an hour; older ones are worthless
_SHORTEST = 4  # characters: redacting shorter values would blot out ordinary text
_SECRET_KEY = re.compile(
    r"(?:^|[_-])(?:token|secret|password|passwd|authorization|api_?key|private_?key|pem|signature|cookie|credential|jwt"
    r"|prompt|system|message|conversation|payload)s?$",
    re.IGNORECASE,
)
_SECRET_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
    r"|\bgh[a-z]_[A-Za-z0-9_.\-]+|\bgithub_pat_\w+|\bfhp_\w+|\bsk-[A-Za-z0-9_\-]{8,}"
    r"|\beyJ[\w\-]+\.[\w\-]+\.[\w\-]+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=basic )[A-Za-z0-9+/=]{8,}|(?<=bearer )[^\s\"',]+|(?<=authorization: token )\S+",
    re.DOTALL | re.IGNORECASE,
)
# These write whole requests, prompts included, below this level.
_TALKATIVE = {
    "anthropic": "WARNING",
    "openai": "WARNING",
    "httpx": "WARNING",
    "httpcore": "WARNING",
    "httpx2": "WARNING",
    "httpcore2": "WARNING",
    "alembic": "WARNING",
    "dbos": "WARNING",
    "aiohttp.access": "ERROR",
}


class _Secrets:
    """The newest secrets met, and one pattern that finds any of them.

    Making the pattern takes some 10 ms, and hardly any text holds a secret: it is made for the first that does.
    """

    def __init__(self) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._longest_first: tuple[str, ...] = ()
        self._pattern: re.Pattern[str] | None = None
        # Threads log too: a pattern made beside an addition would lack what was added.
        self._lock = threading.Lock()

    def add(self, value: str) -> None:
        basic = base64.b64encode(f"x-access-token:{value}".encode()).decode()
        with self._lock:
            for form in (value, value.strip(), json.dumps(value)[1:-1], basic):
                if len(form) >= _SHORTEST:
                    self._values[form] = None
                    self._values.move_to_end(form)
            while len(self._values) > _REMEMBERED:
                self._values.popitem(last=False)
            self._longest_first = tuple(sorted(self._values, key=len, reverse=True))
            self._pattern = None

    def hide(self, text: str) -> str:
        if not any(value in text for value in self._longest_first):
            return text
        return (self._pattern or self._compile()).sub(_HIDDEN, text)

    def _compile(self) -> re.Pattern[str]:
        with self._lock:
            self._pattern = re.compile("|".join(map(re.escape, self._longest_first)))
            return self._pattern


_known = _Secrets()


def register_secret(value: str) -> None:
    """Redact ``value``, in JSON and basic authorization too, from logs."""
    _known.add(value)


def scrub(text: str) -> str:
    """Redact registered secrets and anything that looks like a credential."""
    return _SECRET_SHAPES.sub(_HIDDEN, _known.hide(text))


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Redact a log event by key names, then values (structlog processor)."""
    return {key: value if key == "event" else _redact(key, value) for key, value in event.items()} | {
        "event": scrub(str(event.get("event", "")))
    }


class _Output:
    """The standard output.

    A line that it does not take, because the disk is full or the reader is gone, is lost: whoever logs goes on.
    """

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stdout.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stdout.flush()


def configure(settings: Settings) -> None:
    """Send all logs, the libraries' included, to stdout, redacted."""
    for secret in settings.secrets:
        register_secret(secret)
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=_processors(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Output())),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(level)
    dbos = logging.getLogger("dbos")
    dbos.handlers = [_Forward()]  # it adds a console handler of its own unless it finds one
    dbos.propagate = False
    for name, least in _TALKATIVE.items():
        logging.getLogger(name).setLevel(least)


class _Forward(logging.Handler):
    """A handler that hands :mod:`logging`'s records to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger(record.name)
        log.log(record.levelno, record.getMessage(), exc_info=record.exc_info, logger=record.name)


def _processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(ensure_ascii=True),
    ]


def _redact(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_KEY.search(key):
        return _HIDDEN
    if isinstance(value, Mapping):
        return {scrub(str(name)): _redact(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | Set):
        return [_redact("", inner) for inner in value]
    return scrub(value if isinstance(value, str) else repr(value))
