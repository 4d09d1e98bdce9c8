"""Get tokens of the run's identity from its runner (OpenID Connect).

A token is for one audience, and is hidden from the log before anybody else has it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from urllib.parse import quote
from urllib.request import Request

from .errors import Outage, Skipped, WrongUse
from .event import Event
from .log import Log
from .transport import MOST_BYTES, PAUSES, SECONDS, make_opener


@dataclass(frozen=True)
class Identity:
    """The run's identity, for which the runner has tokens (OpenID Connect)."""

    url: str
    bearer: str
    audience: str
    log: Log

    @classmethod
    def find(cls, env: Mapping[str, str], event: Event, audience: str, log: Log) -> Identity:
        """Return the run's identity.

        Raises :class:`Skipped` where GitHub gives none, :class:`WrongUse` where the workflow asks for none.
        """
        url = env.get("ACTIONS_ID_TOKEN_REQUEST_URL", "")
        bearer = env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
        if url and bearer:
            return cls(url, bearer, audience, log)
        if event.from_fork:
            raise Skipped(
                "This run is about a pull request from a fork. GitHub gives such runs no identity, so nothing was "
                "asked of the server. The App itself answers there: write a command, such as `/review`."
            )
        raise WrongUse("The run has no identity to show. Add `permissions: id-token: write` to its job.")

    def token(self) -> str:
        """Return a new token, hidden from the log; each is good for one request."""
        address = f"{self.url}&audience={quote(self.audience, safe='')}"
        request = Request(address, headers={"Authorization": f"Bearer {self.bearer}"})
        for pause in (*PAUSES, None):
            try:
                with make_opener().open(request, timeout=SECONDS) as answer:
                    token = json.loads(answer.read(MOST_BYTES))["value"]
            except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:
                if pause is None:
                    raise Outage(f"GitHub gives the run no token: {error}") from None
                time.sleep(pause)
            else:
                self.log.mask(str(token))
                return str(token)
        raise AssertionError("unreachable")
