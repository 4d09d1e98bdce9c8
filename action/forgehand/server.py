"""Ask a Forgehand server over its API, as the run.

Each request shows a new token. What passes by itself is asked again here; callers get an answer or a ``Stop``.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from urllib.error import HTTPError, URLError
from urllib.request import OpenerDirector, Request

from .api import API, Json
from .errors import Outage, Refused
from .identity import Identity
from .transport import MOST_BYTES, PAUSES, SECONDS, make_opener

_LONGEST_PAUSE = 60.0


@dataclass
class Server:
    """A Forgehand server, asked as the run."""

    origin: str
    identity: Identity
    opener: OpenerDirector = field(default_factory=make_opener)

    def ask(self, method: str, path: str, body: Json | None = None, key: str = "") -> tuple[int, Json]:
        """Make a request and return status and answer; it may be repeated.

        Raises :class:`Refused` and :class:`Outage`.
        """
        for pause in (*PAUSES, None):
            try:
                with self._open(method, path, body, {"Idempotency-Key": key} if key else {}) as answer:
                    status, text = answer.status, answer.read(MOST_BYTES)
                return status, json.loads(text) if text else {}
            except HTTPError as error:
                waited = _retry_after(error, pause)
                if waited is None:
                    raise _refusal(self.origin, error) from None
            except (OSError, HTTPException, ValueError) as error:
                waited = pause
                if waited is None or isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
                    raise _unreachable(self.origin, error) from None
            time.sleep(waited)
        raise AssertionError("unreachable")

    def follow(self, task: str) -> Iterator[Json]:
        """Yield a task's events until it has ended.

        A stream that breaks, or ends with its token, is opened again behind its last event.
        """
        after = "0"
        failures = 0
        while True:
            try:
                with self._open("GET", f"{API}/tasks/{task}/events", None, {"Last-Event-ID": after}) as answer:
                    if answer.status == 204:
                        return
                    for number, data in _read_events(answer):
                        after = number or after
                        failures = 0
                        yield data
                        if data.get("kind") == "ended":
                            return
                problem: Exception = ConnectionError("the stream of events ended early")
            except HTTPError as error:
                if _retry_after(error, 0.0) is None:
                    raise _refusal(self.origin, error) from None
                problem = error
            except (OSError, HTTPException, ValueError) as error:
                problem = error
            if failures == len(PAUSES):
                raise _unreachable(self.origin, problem)
            time.sleep(PAUSES[failures])
            failures += 1

    def _open(self, method: str, path: str, body: Json | None, headers: Mapping[str, str]) -> HTTPResponse:
        sent = {"Accept": "application/json", "User-Agent": "forgehand-action", **headers}
        if path != f"{API}/openapi.json":
            sent["Authorization"] = f"Bearer {self.identity.token()}"
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        request = Request(self.origin + path, data=data, headers=sent, method=method)
        answer: HTTPResponse = self.opener.open(request, timeout=SECONDS)
        return answer


def _read_events(answer: HTTPResponse) -> Iterator[tuple[str, Json]]:
    """Read server-sent events, and the number of each; a sign of life is one without either."""
    number = ""
    for raw in answer:
        name, _, value = raw.decode("utf-8", "replace").rstrip("\n").partition(": ")
        if name == "id" and value.isdigit():
            number = value
        elif name == "data":
            data = json.loads(value)
            yield number, data if isinstance(data, dict) else {}
        elif raw.startswith(b":"):
            yield "", {}


def _retry_after(error: HTTPError, pause: float | None) -> float | None:
    """Return how long to wait before asking again, None where that is no use."""
    passing = error.code == 429 or (error.code >= 500 and error.code != 501)
    if not passing or pause is None:
        return None
    said = error.headers.get("Retry-After") or ""
    return min(float(said), _LONGEST_PAUSE) if said.isdigit() else pause


def _refusal(origin: str, error: HTTPError) -> Refused | Outage:
    """Return what an answer means that is no success, in the server's words."""
    if 300 <= error.code < 400:
        return Refused(f"{origin} sends elsewhere. Give `server-url` the address that the server has now.")
    try:
        detail = json.loads(error.read(MOST_BYTES))["detail"]
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        detail = "It gave no reason. Is it a Forgehand?"
    words = f"{origin} answered {error.code}: {detail}"
    return Outage(words) if error.code == 429 or (error.code >= 500 and error.code != 501) else Refused(words)


def _unreachable(origin: str, error: Exception) -> Refused | Outage:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Refused(f"The certificate of {origin} is not trusted here: {reason.verify_message}.")
    return Outage(f"{origin} cannot be reached: {reason}")
