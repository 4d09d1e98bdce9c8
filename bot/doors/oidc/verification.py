"""Make of a token the run of a workflow that it vouches for.

Nothing in a token is believed before its signature is, and of what is signed only ids decide: names change hands, and
``sub`` has a form that each organisation may choose.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import jwt
from jwt import PyJWK
from jwt.types import Options
from pydantic import Field, ValidationError

from bot.doors.oidc.issuers import ALGORITHM, Issuer
from bot.types import Actor, ForgehandError, JsonModel

EVENTS = frozenset(
    {
        "issue_comment",
        "issues",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "push",
        "release",
        "repository_dispatch",
        "schedule",
        "workflow_dispatch",
    }
)
"""The events whose runs may ask.

Not ``pull_request_target`` and ``workflow_run``: such runs have the base's rights and often the head's code or files,
and a maintainer who labels a stranger's pull request would be who asks.
"""
LEEWAY = 60.0  # seconds that two clocks may differ
MAX_AGE = 600.0  # seconds; GitHub's tokens live for five minutes, some for hours
_OPTIONS: Options = {
    "require": ["exp", "iat", "nbf", "iss", "aud", "jti"],
    "strict_aud": True,
    "verify_sub": False,
    "enforce_minimum_key_length": True,
}
_PULL = re.compile(r"refs/pull/([1-9][0-9]{0,9})/")
_Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
_FRESH_ONE = "Ask the runner for a new token for each request."
_CURES = {
    "alg": f"Only {ALGORITHM} is accepted.",
    "form": "It is not a token of GitHub Actions.",
    "exp": f"It has expired. {_FRESH_ONE}",
    "iat": "It is from the future; the clock of this server or of the issuer is wrong.",
    "nbf": "It is not valid yet; the clock of this server or of the issuer is wrong.",
    "jti": f"It was used before. {_FRESH_ONE}",
}


class TokenRefused(ForgehandError):
    """A token that is not accepted.

    ``details``: ``claim``, the part of the token that is wrong, and ``status``, the HTTP status to answer with.
    """

    def __init__(self, claim: str, what: str = "", *, status: int = 401) -> None:
        super().__init__(f"The token's `{claim}` is refused. {what or _CURES[claim]}", claim=claim, status=status)
        self.claim = claim
        self.status = status


class Run(JsonModel):
    """A run of a workflow.

    ``expires`` and ``issued`` are seconds since the epoch. ``actor`` is who set it off; a re-run keeps the one of the
    first attempt.
    """

    issuer: str = Field(alias="iss")
    jti: str = Field(pattern="^[!-~]{1,200}$")
    expires: int = Field(alias="exp")
    issued: int = Field(alias="iat")
    repository: str = Field(pattern="^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$")
    repository_id: _Id
    repository_owner_id: _Id
    actor_login: str = Field(alias="actor", pattern=r"^[A-Za-z0-9_-]{1,100}(\[bot\])?$")
    actor_id: _Id
    run_id: _Id
    run_attempt: _Id
    event: str = Field(alias="event_name", pattern="^[a-z_]{1,40}$")
    ref: str = Field(default="", max_length=1000)

    @property
    def actor(self) -> Actor:
        """Return the account that set the run off."""
        kind = "Bot" if self.actor_login.endswith("[bot]") else "User"
        return Actor(login=self.actor_login, id=self.actor_id, type=kind)

    @property
    def pull(self) -> int | None:
        """Return the pull request whose code the run has, if it is one's."""
        return find_pull(self.ref)

    @property
    def good_until(self) -> int:
        """Return when nobody would take the token any more (seconds)."""
        return int(min(self.expires, self.issued + MAX_AGE) + LEEWAY)


def find_pull(ref: str) -> int | None:
    """Return the pull request that a run's ref names, if it is one's."""
    found = _PULL.match(ref)
    return int(found[1]) if found is not None else None


class Verifier:
    """Verifies tokens for this server.

    ``audience`` is its own origin, None where it does not know it.
    """

    def __init__(self, issuers: Sequence[Issuer], audience: str | None) -> None:
        self._issuers: Mapping[Any, Issuer] = {each.url: each for each in issuers}
        self._audience = audience

    async def verify(self, text: str) -> Run:
        """Return the run that a token vouches for.

        Raises :class:`TokenRefused`, and :class:`~bot.doors.oidc.issuers.KeysUnavailable` where nobody can tell.
        """
        issuer = self._find_issuer(text)
        key = await issuer.find_key(_read_kid(text))
        if key is None:
            raise TokenRefused("kid", "Its issuer has no such key; if it has changed its keys, try again in a minute.")
        return _read_run(self._decode(text, key, issuer))

    def _find_issuer(self, text: str) -> Issuer:
        """Find the issuer, among ours only, that the token says it is from."""
        if not text.isascii():  # bytes that are no UTF-8 arrive as lone surrogates, which nothing can encode
            raise TokenRefused("form")
        try:
            claimed = jwt.decode(text, options={"verify_signature": False}).get("iss")
        except jwt.PyJWTError:
            raise TokenRefused("form") from None
        issuer = self._issuers.get(claimed) if isinstance(claimed, str) else None
        if issuer is None:
            known = ", ".join(self._issuers) or "none (`FORGEHAND_OIDC_ISSUERS`)"
            raise TokenRefused("iss", f"This server trusts these issuers: {known}.")
        return issuer

    def _decode(self, text: str, key: PyJWK, issuer: Issuer) -> dict[str, Any]:
        if self._audience is None:
            raise TokenRefused("aud", "This server does not know its address; set `FORGEHAND_PUBLIC_URL` there.")
        try:
            return jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=issuer.url,
                leeway=LEEWAY,
                options=_OPTIONS,
            )
        except jwt.InvalidAudienceError:
            raise TokenRefused("aud", f"Ask the runner for a token with the audience `{self._audience}`.") from None
        except jwt.ExpiredSignatureError:
            raise TokenRefused("exp") from None
        except jwt.ImmatureSignatureError as error:
            raise TokenRefused("iat" if "(iat)" in str(error) else "nbf") from None
        except jwt.MissingRequiredClaimError as error:
            raise TokenRefused(error.claim, "It is missing.") from None
        except jwt.InvalidAlgorithmError:
            raise TokenRefused("alg") from None
        except jwt.PyJWTError:
            raise TokenRefused("signature", "It is not its issuer's, or not of this token.") from None


def check_run(run: Run) -> None:
    """Raise :class:`TokenRefused` unless such a run may ask, and now."""
    if run.issued < time.time() - MAX_AGE - LEEWAY:
        raise TokenRefused("iat", f"It is older than {MAX_AGE / 60:.0f} minutes. {_FRESH_ONE}")
    if run.event not in EVENTS:
        listed = ", ".join(f"`{each}`" for each in sorted(EVENTS))
        raise TokenRefused("event_name", f"Runs of `{run.event}` may not ask, those of {listed} may.", status=403)


def _read_kid(text: str) -> str:
    header = jwt.get_unverified_header(text)
    if header.get("alg") != ALGORITHM:
        raise TokenRefused("alg")
    kid = header.get("kid")
    return kid if isinstance(kid, str) else ""


def _read_run(claims: Mapping[str, Any]) -> Run:
    try:
        return Run.model_validate(claims)
    except ValidationError as error:
        claim = str(error.errors()[0]["loc"][0])
        raise TokenRefused(claim, "It is missing or not what GitHub sends.") from None
