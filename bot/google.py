"""Get tokens of Google, for credentials in a file or for this machine.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest and
https://cloud.google.com/compute/docs/access/authenticate-workloads. Two kinds of files are known, those of a service
account's key and of ``gcloud auth application-default login``: each way costs one request, for which Google's own
library would bring five packages.
"""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import jwt
import structlog

from bot.logs import register_secret
from bot.settings import is_secure
from bot.types import ForgehandError

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_EXCHANGE = "https://oauth2.googleapis.com/token"
_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_EARLY = 120.0  # seconds: a token that expires on its way is refused
_TIMEOUT = 15.0  # seconds
_LIFE = 3600  # seconds, the longest that Google gives
_FLAVOR = {"Metadata-Flavor": "Google"}  # of every request to the metadata server, and of its answers
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/default/token"
log = structlog.get_logger(__name__)


class NoToken(ForgehandError):
    """Google gave no token; ``details``: ``why`` is busy, away or refused."""


class TokenGiver(Protocol):
    """An account at Google, and the way to a token for it."""

    @property
    def lack(self) -> str:
        """Return in words what is wrong with it at first sight, or ""."""
        ...

    def fetch(self, now: float) -> tuple[str, float]:
        """Return a token and the seconds that it lives. Raises NoToken."""
        ...


class GoogleTokens:
    """The tokens of an account, each given out until shortly before its end."""

    name = "Google's tokens, untested against the real service,"

    def __init__(self, giver: TokenGiver) -> None:
        self._giver = giver
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    @property
    def lack(self) -> str:
        """Return in words what is wrong with the account, or ""."""
        return self._giver.lack

    def token(self) -> str:
        """Return a token that is good now; this may ask Google, and waits.

        Raises :class:`NoToken`.
        """
        with self._lock:
            if time.time() >= self._until:
                self._token, life = self._giver.fetch(time.time())
                register_secret(self._token)
                self._until = time.time() + life - _EARLY
            return self._token

    def forget(self, refused: str) -> bool:
        """Get a new token for the next call, unless there is one since."""
        with self._lock:
            if refused == self._token:
                self._until = 0.0
        return True


class CredentialsFile:
    """The account that a file of credentials speaks for."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def lack(self) -> str:
        """Return in words what is wrong with the file, or ""."""
        try:
            _make_form(self._read(), 0.0)
        except NoToken:
            return f"a service account's key, or a user's credentials, in the file that {_VARIABLE} names"
        return ""

    def fetch(self, now: float) -> tuple[str, float]:
        """Return a token and the seconds that it lives. Raises NoToken."""
        credentials = self._read()
        url = str(credentials.get("token_uri") or _EXCHANGE)
        if not is_secure(url):
            raise _refuse("its token_uri is not an https address")
        form = _make_form(credentials, now)
        status, token, life = _ask(lambda http: http.post(url, data=form, timeout=_TIMEOUT, follow_redirects=False))
        if not token and 400 <= status < 500 and status != 429:
            raise _refuse(
                f"Google does not accept it (HTTP {status}); it may be revoked, or this machine's clock is wrong"
            )
        return _check(status, token, life)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text())
        except (OSError, ValueError) as error:
            log.warning("no credentials of Google", file=str(self._file), reason=type(error).__name__)
            found = None
        if not isinstance(found, dict):
            raise _refuse("its file cannot be read; the server's log says why")
        return found


class Metadata:
    """The service account that a machine at Google has by itself.

    Whoever runs code here can ask it too: the repositories' own code runs without a network, or with one that
    reaches no address of this kind.
    """

    lack = ""

    def __init__(self, host: str) -> None:
        self._url = f"http://{host}{_ACCOUNT}"

    def fetch(self, now: float) -> tuple[str, float]:
        """Return a token and the seconds that it lives. Raises NoToken."""
        status, token, life = _ask(self._get)
        if not token and 400 <= status < 500 and status != 429:
            raise NoToken(
                f"This machine has no service account at Google that may ask models (HTTP {status}): give it one with "
                "the scope cloud-platform, or set GOOGLE_APPLICATION_CREDENTIALS in place of providers.vertex.machine.",
                why="refused",
            )
        return _check(status, token, life)

    def _get(self, http: Any) -> Any:
        with http.Client(trust_env=False, timeout=_TIMEOUT, follow_redirects=False) as client:  # no proxy is asked
            answer = client.get(self._url, params={"scopes": _SCOPE}, headers=_FLAVOR)
        if answer.headers.get("Metadata-Flavor") != "Google":
            raise NoToken("Another server answers at the address of Google's metadata server.", why="away")
        return answer


def _ask(send: Callable[[Any], Any]) -> tuple[int, str, float]:
    """Return status, token and seconds of an answer, "" for no token."""
    http = importlib.import_module("httpx2")
    try:
        answer = send(http)
        said = answer.json() if answer.status_code == 200 else {}
        return answer.status_code, str(said.get("access_token") or ""), float(said.get("expires_in") or 0)
    except http.HTTPError as error:
        raise NoToken(f"Google gave no token ({type(error).__name__}).", why="away") from None
    except (ValueError, AttributeError, TypeError):
        return answer.status_code, "", 0.0


def _check(status: int, token: str, life: float) -> tuple[str, float]:
    if token:
        return token, life
    if status == 429:
        raise NoToken("Busy: Google gives no token for now.", why="busy")
    raise NoToken(f"Google gave no token (HTTP {status}).", why="away")


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


def _refuse(why: str) -> NoToken:
    return NoToken(f"The credential in {_VARIABLE} gives no token: {why}.", why="refused")
