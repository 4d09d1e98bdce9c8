"""Strict stand-ins of AWS KMS, Google Cloud KMS and Azure Key Vault, from their published REST schemas.

A request with a field, header or parameter too many or too few is refused, as is one with a wrong signature or token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.keys import issuer_key_pair, key_pair

ACCESS, SECRET = "AKIDEXAMPLE", "aws-secret-0123456789"
ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
GOOGLE = "projects/p/locations/europe/keyRings/ring/cryptoKeys/forgehand"
TENANT, CLIENT, CLIENT_SECRET = "tenant-id", "client-id", "azure-secret-0123456789"
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class KeyServices:
    """All three on one port; tests change ``state``, ``version`` and ``fault``."""

    def __init__(self) -> None:
        self.url = ""
        self.aws_state = "Enabled"
        self.version = 1  # the primary one, at Google and at Azure
        self.disabled: set[int] = set()
        self.fault: web.Response | None = None
        self.calls: list[str] = []
        self._key = AESGCM(os.urandom(32))

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._note])
        app.router.add_post("/", self._aws)
        app.router.add_post("/token", self._google_token)
        app.router.add_post(f"/v1/{GOOGLE}:{{verb}}", self._google)
        app.router.add_post(f"/{TENANT}/oauth2/v2.0/token", self._azure_token)
        app.router.add_get("/metadata/identity/oauth2/token", self._identity)
        app.router.add_get("/keys/forgehand", self._azure_key)
        app.router.add_post("/keys/forgehand/{version}/{verb}", self._azure)
        return app

    @web.middleware
    async def _note(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.calls.append(request.headers.get("X-Amz-Target", request.path.rpartition("/")[2]))
        if self.fault is not None:
            return web.Response(status=self.fault.status, text=self.fault.text)
        answer: web.StreamResponse = await handler(request)
        return answer

    def _seal(self, plain: bytes, about: bytes) -> str:
        nonce = os.urandom(12)
        return base64.b64encode(nonce + self._key.encrypt(nonce, plain, about)).decode()

    def _open(self, text: str, about: bytes) -> str | None:
        data = base64.b64decode(text, validate=True)
        try:
            return base64.b64encode(self._key.decrypt(data[:12], data[12:], about)).decode()
        except InvalidTag:
            return None

    async def _aws(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not is_signed(request, body):
            return _aws_error("InvalidSignatureException")
        asked, verb = json.loads(body), request.headers["X-Amz-Target"]
        given = {"TrentService.Encrypt": "Plaintext", "TrentService.Decrypt": "CiphertextBlob"}[verb]
        if request.headers["Content-Type"] != "application/x-amz-json-1.1" or set(asked) != {
            given, "KeyId", "EncryptionContext",
        }:  # fmt: skip
            return _aws_error("ValidationException")
        if asked["KeyId"] != ARN:
            return _aws_error("NotFoundException")
        if self.aws_state != "Enabled":
            return _aws_error({"Disabled": "DisabledException"}.get(self.aws_state, "KMSInvalidStateException"))
        about = json.dumps([ARN, asked["EncryptionContext"]], sort_keys=True).encode()
        if given == "Plaintext":
            said: dict[str, Any] = {"CiphertextBlob": self._seal(base64.b64decode(asked[given]), about)}
        elif (plain := self._open(asked[given], about)) is None:
            return _aws_error("InvalidCiphertextException")
        else:
            said = {"Plaintext": plain}
        said |= {"KeyId": ARN, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
        return web.json_response(said, content_type="application/x-amz-json-1.1")

    async def _google_token(self, request: web.Request) -> web.Response:
        if dict(await request.post()) != {
            "grant_type": "refresh_token", "client_id": "c", "client_secret": "s", "refresh_token": "r",
        }:  # fmt: skip
            return web.json_response({"error": "invalid_grant"}, status=400)
        return web.json_response({"access_token": "google-token-0123", "expires_in": 3599, "token_type": "Bearer"})

    async def _google(self, request: web.Request) -> web.Response:
        asked, verb = await request.json(), request.match_info["verb"]
        given = {"encrypt": "plaintext", "decrypt": "ciphertext"}[verb]
        if request.headers.get("Authorization") != "Bearer google-token-0123":
            return _google_error(401, "UNAUTHENTICATED")
        if set(asked) != {given, "additionalAuthenticatedData"}:
            return _google_error(400, "INVALID_ARGUMENT")
        about = base64.b64decode(asked["additionalAuthenticatedData"])
        if verb == "encrypt":
            name = f"{GOOGLE}/cryptoKeyVersions/{self.version}"
            text = self._seal(bytes([self.version]) + base64.b64decode(asked[given]), about)
            return web.json_response({"name": name, "ciphertext": text, "protectionLevel": "SOFTWARE"})
        plain = self._open(asked[given], about)
        if plain is None:
            return _google_error(400, "INVALID_ARGUMENT")
        version, *rest = base64.b64decode(plain)
        if version in self.disabled:
            return _google_error(400, "FAILED_PRECONDITION")
        return web.json_response({"plaintext": base64.b64encode(bytes(rest)).decode(), "usedPrimary": True})

    async def _azure_token(self, request: web.Request) -> web.Response:
        if dict(await request.post()) != {
            "grant_type": "client_credentials", "client_id": CLIENT, "client_secret": CLIENT_SECRET,
            "scope": "https://vault.azure.net/.default",
        }:  # fmt: skip
            return web.json_response({"error": "invalid_client", "error_description": "AADSTS7000215"}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": "azure-token-0123"})

    async def _identity(self, request: web.Request) -> web.Response:
        wanted = {"api-version": "2018-02-01", "resource": "https://vault.azure.net"}
        if request.headers.get("Metadata") != "true" or dict(request.query) != wanted:
            return web.json_response({"error": "invalid_request"}, status=400)
        return web.json_response({"access_token": "azure-token-0123", "expires_in": "86399", "token_type": "Bearer"})

    async def _azure_key(self, request: web.Request) -> web.Response:
        if (refused := self._check_azure(request)) is not None:
            return refused
        return web.json_response({"key": {"kid": self._kid(self.version), "kty": "RSA"}, "attributes": {}})

    async def _azure(self, request: web.Request) -> web.Response:
        if (refused := self._check_azure(request)) is not None:
            return refused
        number, asked = int(request.match_info["version"], 16), await request.json()
        if set(asked) != {"alg", "value"} or asked["alg"] != "RSA-OAEP-256" or "=" in asked["value"]:
            return _azure_error(400, "BadParameter")
        if number in self.disabled:
            return _azure_error(403, "Forbidden", "KeyDisabled")
        data = base64.urlsafe_b64decode(asked["value"] + "==")
        key = load_pem_private_key([key_pair, issuer_key_pair][number - 1]()[0].encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        try:
            act = {"wrapkey": key.public_key().encrypt, "unwrapkey": key.decrypt}[request.match_info["verb"]]
            done = act(data, _OAEP)
        except ValueError:
            return _azure_error(400, "BadParameter")
        return web.json_response(
            {"kid": self._kid(number), "value": base64.urlsafe_b64encode(done).decode().rstrip("=")}
        )

    def _kid(self, number: int) -> str:
        return f"{self.url}/keys/forgehand/{number:032x}"

    def _check_azure(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != "Bearer azure-token-0123":
            return _azure_error(401, "Unauthorized")
        return None if dict(request.query) == {"api-version": "7.4"} else _azure_error(400, "BadParameter")


@asynccontextmanager
async def key_services() -> AsyncIterator[KeyServices]:
    """All three, running on loopback."""
    services = KeyServices()
    async with TestServer(services.app()) as server:
        services.url = str(server.make_url("")).rstrip("/")
        yield services


def is_signed(request: web.Request, body: bytes, service: str = "kms", target: str = "x-amz-target") -> bool:
    """Reckon AWS's signature, version 4, of a request and compare: the witness of what signs it.

    ``target`` is one more header that has to be signed.
    """
    kind, *parts = request.headers["Authorization"].replace(",", "").split()
    said = dict(part.split("=", 1) for part in parts)
    who, day, region, asked, end = said["Credential"].split("/")
    names = said["SignedHeaders"].split(";")
    lines = [f"{name}:{request.headers[name].strip()}" for name in names]
    canonical = "\n".join(
        [request.method, request.path, "", *lines, "", said["SignedHeaders"], hashlib.sha256(body).hexdigest()]
    )
    scope, moment = f"{day}/{region}/{asked}/{end}", request.headers["X-Amz-Date"]
    text = "\n".join([kind, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{SECRET}".encode()
    for word in (day, region, asked, end):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    needed = {"host", "x-amz-date", target, "content-type"} <= set(names)
    right = (kind, who, region, asked, end) == ("AWS4-HMAC-SHA256", ACCESS, "eu-central-1", service, "aws4_request")
    return right and needed and moment.startswith(day) and hmac.compare_digest(signature, said["Signature"])


def _aws_error(code: str) -> web.Response:
    return web.json_response({"__type": code, "message": "quoted"}, status=400)


def _google_error(status: int, code: str) -> web.Response:
    return web.json_response({"error": {"code": status, "message": "quoted", "status": code}}, status=status)


def _azure_error(status: int, code: str, inner: str = "") -> web.Response:
    error: dict[str, Any] = {"code": code, "message": "quoted"}
    return web.json_response({"error": error | ({"innererror": {"code": inner}} if inner else {})}, status=status)
