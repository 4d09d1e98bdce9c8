"""Exchange Google's application credentials, a file, for tokens that live an hour.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest. Two kinds of files are known, those
of a service account's key and of ``gcloud auth application-default login``: each costs one request, for which Google's
own library would bring five packages.
"""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
import structlog

from bot.logs import register_secret
from bot.settings import is_secure
from bot.types import ForgehandError

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_EXCHANGE = "https://oauth2.googleapis.com/token"
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_EARLY = 120.0  # seconds: a token that ends while it is on its way is refused
_TIMEOUT = 15.0  # seconds
_LIFE = 3600  # seconds, the longest that Google gives
log = structlog.get_logger(__name__)


class NoToken(ForgehandError):
    """No token was had; ``details``: ``why`` is busy, away or refused."""


class GoogleTokens:
    """The account that a file of credentials speaks for."""

    name = "Google's tokens"

    def __init__(self, file: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    @property
    def lack(self) -> str:
        """Return in words what is wrong with the file, or ""."""
        try:
            _make_form(self._read(), 0.0)
        except NoToken:
            return f"a service account's key, or a user's credentials, in the file that {_VARIABLE} names"
        return ""

    def token(self) -> str:
        """Return a token that is good now; this may ask Google, and waits.

        Raises :class:`NoToken`.
        """
        with self._lock:
            if self._clock() >= self._until:
                self._token, life = _exchange(self._read(), self._clock())
                self._until = self._clock() + life - _EARLY
            return self._token

    def forget(self, refused: str) -> bool:
        """Get a new token for the next call, unless there is one since."""
        with self._lock:
            if refused == self._token:
                self._until = 0.0
        return True

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError) as error:
            log.warning("no credentials of Google", file=str(self._file), reason=type(error).__name__)
            found = None
        if not isinstance(found, dict):
            raise _refuse("its file cannot be read; the server's log says why")
        return found


def _exchange(credentials: Mapping[str, Any], now: float) -> tuple[str, float]:
    """Return a token and the seconds that it lives."""
    http = importlib.import_module("httpx2")
    url = str(credentials.get("token_uri") or _EXCHANGE)
    if not is_secure(url):
        raise _refuse("its token_uri is no https address")
    form = _make_form(credentials, now)
    try:
        answer = http.post(url, data=form, timeout=_TIMEOUT, follow_redirects=False)
        said = answer.json() if answer.status_code == 200 else {}
        token, life = str(said.get("access_token") or ""), float(said.get("expires_in") or 0)
    except http.HTTPError as error:
        raise NoToken(f"Google gave no token ({type(error).__name__}).", why="away") from None
    except (ValueError, AttributeError):
        token = ""
    if not token:
        raise _explain(answer.status_code)
    register_secret(token)
    return token, life


def _make_form(credentials: Mapping[str, Any], now: float) -> dict[str, str]:
    """Return the form that asks for a token; raises NoToken."""
    try:
        if credentials.get("type") == "authorized_user":
            wanted = ("client_id", "client_secret", "refresh_token")
            return {"grant_type": "refresh_token", **{name: str(credentials[name]) for name in wanted}}
        if credentials.get("type") == "service_account":
            return {
                "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion": _sign(credentials, int(now)),
            }
    except (KeyError, ValueError, TypeError, jwt.PyJWTError) as error:
        log.warning("incomplete credentials of Google", reason=type(error).__name__)
        raise _refuse("its file is incomplete") from None
    raise _refuse("its file is neither a service account's key nor a user's credentials; others are not supported")


def _sign(credentials: Mapping[str, Any], now: int) -> str:
    claims = {
        "iss": credentials["client_email"],
        "scope": _SCOPE,
        "aud": credentials.get("token_uri") or _EXCHANGE,
        "iat": now,
        "exp": now + _LIFE,
    }
    return jwt.encode(claims, credentials["private_key"], "RS256", {"kid": credentials.get("private_key_id") or ""})


def _explain(status: int) -> NoToken:
    if status == 429:
        return NoToken("Busy: Google gives no token for now.", why="busy")
    if 400 <= status < 500:
        return _refuse(f"Google does not take it (HTTP {status}); it may be revoked, or this machine's clock is wrong")
    return NoToken(f"Google gave no token (HTTP {status}).", why="away")


def _refuse(why: str) -> NoToken:
    return NoToken(f"The credential in {_VARIABLE} gives no token: {why}.", why="refused")
