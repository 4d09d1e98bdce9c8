"""Exchange tokens of an identity provider for short-lived ones, as Anthropic does (workload identity federation).

Fields and headers are those of the SDK (``anthropic.lib.credentials``) and of the page *WIF reference* in Anthropic's
documentation. Rules are simple here: one of them, and everything that the issuer signs for our audience fits it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

AUDIENCE = "https://api.anthropic.com"
PATH = "/v1/oauth/token"
Json = dict[str, Any]
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_BEARER_BETA = "oauth-2025-04-20"
_EXCHANGE_BETAS = {_BEARER_BETA, "oidc-federation-2026-04-01"}
_REFUSED = {"type": "error", "error": {"type": "authentication_error", "message": "Authentication failed"}}


@dataclass
class TokenExchange:
    """An organisation's rule.

    ``public_key`` returns the key of the issuer as PEM, ``life`` is that of new tokens in seconds. ``asked`` holds what
    was sent, without the assertions; ``issued`` the tokens, which are good until they are taken out. ``status``: the
    answer to every exchange, where it is not None.
    """

    rule: str
    organization: str
    public_key: Callable[[], str]
    life: int = 3600
    status: int | None = None
    asked: list[Json] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    _expires: dict[str, float] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def exchange(self, body: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        """Return status and body of the answer to one request for a token."""
        self.asked.append({name: value for name, value in body.items() if name != "assertion"})
        if self.status is not None:
            return self.status, {"type": "error", "error": {"type": "api_error", "message": "Not now"}}
        if body.get("grant_type") != _GRANT or not betas(headers) >= _EXCHANGE_BETAS:
            return 400, {"error": "unsupported_grant_type"}
        known = (body.get("federation_rule_id"), body.get("organization_id")) == (self.rule, self.organization)
        if not known or not self._admits(str(body.get("assertion"))):
            return 401, _REFUSED
        token = f"sk-ant-oat01-{secrets.token_urlsafe(24)}"
        self.issued.append(token)
        self._expires[token] = time.time() + self.life
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.life}

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Return True if a request to a model shows a token that is good."""
        kind, _, token = headers.get("Authorization", "").partition(" ")
        good = kind == "Bearer" and token in self.issued and self._expires[token] > time.time()
        return good and _BEARER_BETA in betas(headers)

    def _admits(self, assertion: str) -> bool:
        import jwt  # slow to import

        try:
            claims = jwt.decode(assertion, self.public_key(), algorithms=["RS256"], audience=AUDIENCE)
        except jwt.PyJWTError:
            return False
        fresh = claims["jti"] not in self._used
        self._used.add(claims["jti"])
        return fresh


def betas(headers: Mapping[str, str]) -> set[str]:
    """Return the names in a request's ``anthropic-beta``."""
    return {name.strip() for name in headers.get("anthropic-beta", "").split(",")}
