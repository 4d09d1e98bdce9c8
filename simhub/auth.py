"""Who asks: App JWTs, installation tokens, personal access tokens; and their refusals."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from simhub.call import Actor
from simhub.errors import ApiError, bad_credentials
from simhub.model import App, Installation, Repository, Token, World

TOKEN_SECONDS = 3600
_JWT_SECONDS = 600
_DRIFT = 60
_SIGNATURE_ONLY: Options = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_nbf": False,
}


def new_key_pair() -> tuple[str, str]:
    """A fresh RSA key: the private PEM (PKCS#1, as GitHub hands it out) and the public PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def credential_in(header: str) -> str:
    """The bare credential of an Authorization header; for Basic the password, or the user name without one."""
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


def identify(world: World, header: str | None, token_lag: float = 0.0) -> Actor:
    """The actor behind an Authorization header. Raises ApiError 401 (403 for a suspended installation)."""
    if not header:
        return Actor("anonymous")
    credential = credential_in(header)
    if credential in world.user_tokens:
        return Actor("user", world.user_tokens[credential])
    if credential in world.tokens:
        return _installation_actor(world, world.tokens[credential], token_lag)
    if credential.count(".") == 2 and not credential.startswith("ghs_"):
        return Actor("app", app=_app_of_jwt(world, credential))
    raise bad_credentials()


def _installation_actor(world: World, token: Token, token_lag: float) -> Actor:
    now = world.clock()
    if token.revoked or token.installation.deleted or now >= token.expires or now < token.created + token_lag:
        raise bad_credentials()
    if token.installation.suspended_at:
        raise ApiError(403, "This installation has been suspended")
    return Actor("installation", token.installation.app.bot, token.installation.app, token)


def _app_of_jwt(world: World, credential: str) -> App:
    undecodable = ApiError(401, "A JSON web token could not be decoded")
    try:
        claims: dict[str, Any] = jwt.decode(credential, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise undecodable from None
    app = _issuer(world, claims.get("iss"))
    _check_window(claims, world.clock())
    try:
        jwt.decode(credential, app.public_key, algorithms=["RS256"], options=_SIGNATURE_ONLY)
    except jwt.InvalidTokenError:
        raise undecodable from None
    return app


def _issuer(world: World, issuer: Any) -> App:
    if issuer is None:
        raise ApiError(401, "Missing 'issuer' claim ('iss') in assertion")
    found = (app for app in world.apps.values() if str(issuer) in (str(app.id), app.client_id))
    app = next(found, None)
    if app is None:
        raise ApiError(404, "Integration not found")
    return app


def _check_window(claims: dict[str, Any], now: float) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or issued > now + _DRIFT:
        raise ApiError(
            401,
            "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        )
    if not isinstance(expires, int) or expires <= now:
        raise ApiError(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which "
            "the assertion expires",
        )
    if expires > now + _JWT_SECONDS:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")


def new_user_token() -> str:
    return f"ghp_{secrets.token_hex(18)}"


def mint(
    world: World, installation: Installation, permissions: dict[str, str], repositories: list[Repository] | None
) -> Token:
    """A token in the long format GitHub is rolling out: ``ghs_APPID_`` and something like a JWT."""
    parts = (secrets.token_urlsafe(length) for length in (27, 180, 48))
    now = world.clock()
    value = f"ghs_{installation.app.id}_{'.'.join(parts)}"
    token = Token(value, installation, permissions, repositories, now, now + TOKEN_SECONDS)
    world.tokens[value] = token
    return token
