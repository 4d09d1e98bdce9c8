"""Keys of Apps and the JWTs signed with them. Imported where first needed: cryptography is slow to import."""

from __future__ import annotations

from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from simhub.errors import ApiError
from simhub.model import App, World

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
    """Make an RSA key: the private PEM and the public PEM.

    The private one is PKCS#1, as GitHub hands it out.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def app_of_jwt(world: World, credential: str) -> App:
    """Return the App that signed a JWT.

    Raises ApiError 401, or 404 for an unknown issuer.
    """
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
    issued = claims.get("iat")
    expires = claims.get("exp")
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
