"""Identify actors by App JWT, installation token or personal access token."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass

from simhub.actor import Actor
from simhub.errors import ApiError, bad_credentials, not_accessible, not_found
from simhub.model import Installation, Repository, Token, World

TOKEN_SECONDS = 3600
_PERSON = "ghp_"


def credential_in(header: str) -> str:
    """Return the bare credential of an Authorization header.

    For Basic that is the password, or the user name without one.
    """
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() in ("bearer", "token"):
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise bad_credentials() from None
        return password if password and password != "x-oauth-basic" else user
    raise bad_credentials()


def is_person(header: str) -> bool:
    """Return True if the credential of an Authorization header is a person's."""
    try:
        return credential_in(header).startswith(_PERSON)
    except ApiError:
        return False


@dataclass(frozen=True)
class Lag:
    """The seconds for which a fresh installation token is refused, and the status: 401, 403 or 404."""

    seconds: float = 0.0
    status: int = 401

    def refusal(self) -> ApiError:
        if self.status == 404:
            return not_found()
        return not_accessible("") if self.status == 403 else bad_credentials()


def identify(world: World, header: str | None, lag: Lag | None = None) -> Actor:
    """Return the actor behind an Authorization header.

    Raises ApiError 401 (403 for a suspended installation).
    """
    if not header:
        return Actor("anonymous")
    credential = credential_in(header)
    for app in world.apps.values():
        if secrets.compare_digest(credential.encode(), app.client_secret.encode()):
            return Actor("client", app=app)
    if credential in world.user_tokens:
        return Actor("user", world.user_tokens[credential], world.app_tokens.get(credential))
    if credential in world.tokens:
        return _installation_actor(world, world.tokens[credential], lag)
    if credential.count(".") == 2 and not credential.startswith("ghs_"):
        from simhub import appkeys  # cryptography is slow to import

        return Actor("app", app=appkeys.app_of_jwt(world, credential))
    raise bad_credentials()


def _installation_actor(world: World, token: Token, lag: Lag | None) -> Actor:
    now = world.clock()
    if token.revoked or token.installation.deleted or now >= token.expires:
        raise bad_credentials()
    if lag and now < token.created + lag.seconds:
        raise lag.refusal()
    if token.installation.suspended_at:
        raise ApiError(403, "This installation has been suspended")
    return Actor("installation", token.installation.app.bot, token.installation.app, token)


def new_user_token() -> str:
    return f"{_PERSON}{secrets.token_hex(18)}"


def mint(
    world: World, installation: Installation, permissions: dict[str, str], repositories: list[Repository] | None
) -> Token:
    """Mint a token in the long format GitHub is rolling out.

    That is ``ghs_APPID_`` and something like a JWT.
    """
    parts = (secrets.token_urlsafe(length) for length in (27, 180, 48))
    now = world.clock()
    value = f"ghs_{installation.app.id}_{'.'.join(parts)}"
    token = Token(value, installation, permissions, repositories, now, now + TOKEN_SECONDS)
    world.tokens[value] = token
    return token
