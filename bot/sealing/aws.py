"""Keep the master key in AWS KMS, which wraps and never shows it.

Two calls are made, Encrypt and Decrypt; who may make them: :mod:`bot.aws`.
https://docs.aws.amazon.com/kms/latest/APIReference/
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from bot.aws import AwsSigner, NoCredentials
from bot.sealing.asking import ABOUT, Keeper
from bot.sealing.port import Wrapped

KIND = "aws"
_CONTEXT = {"application": ABOUT.decode()}  # CloudTrail shows it
_TYPE = "application/x-amz-json-1.1"
_CREDENTIALS = "it does not accept the credentials: are they valid, and is this machine's clock right?"
_CHANGED = "what is stored was changed, or another key wrapped it"
_REASONS: dict[int | str, str] = {
    "AccessDeniedException": "it refuses: does the role's policy, or the key's, permit kms:Encrypt and kms:Decrypt?",
    "NotFoundException": "there is no such key in this account and region",
    "DisabledException": "the key is disabled; enable it",
    "KMSInvalidStateException": "the key's state does not permit it; where it waits to be deleted, cancel that at once",
    "InvalidCiphertextException": _CHANGED,
    "IncorrectKeyException": _CHANGED,
    "InvalidKeyUsageException": "the key is not for ENCRYPT_DECRYPT",
    "UnrecognizedClientException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "IncompleteSignatureException": _CREDENTIALS,
    "MissingAuthenticationTokenException": _CREDENTIALS,
    "ExpiredTokenException": _CREDENTIALS,
}
_BUSY = frozenset({"ThrottlingException", "KeyUnavailableException", "DependencyTimeoutException"})


class KmsMaster:
    """A symmetric key of AWS KMS by its ARN; its rotation shows in no name."""

    def __init__(self, arn: str, server: str | None = None) -> None:
        _, partition, _, region, *_ = arn.split(":")
        self._arn = arn
        domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
        self._server = server or f"https://kms.{region}.{domain}"
        self._signer = AwsSigner("kms", region)
        self._keeper = Keeper(self.place, _REASONS, _find_code, _BUSY)

    @property
    def place(self) -> str:
        """Say where the key is kept."""
        return f"the AWS KMS key {self._arn}"

    async def prepare(self) -> None:
        """Make nothing: whoever runs the account makes the key."""

    async def current(self) -> str:
        """Return the name of the key, once it has wrapped something."""
        return (await self.wrap(bytes(32))).master

    def knows(self, master: str) -> bool:
        """Return True if a name is this key's."""
        return master == f"{KIND}:{self._arn}"

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""
        said = await self._ask("Encrypt", {"Plaintext": base64.b64encode(key).decode()})
        return Wrapped(f"{KIND}:{self._arn}", self._keeper.decode(self._keeper.read(said, "CiphertextBlob")))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        said = await self._ask("Decrypt", {"CiphertextBlob": base64.b64encode(wrapped.key).decode()})
        return self._keeper.decode(self._keeper.read(said, "Plaintext"))

    async def _ask(self, verb: str, body: dict[str, str]) -> dict[str, Any]:
        sent = {**body, "KeyId": self._arn, "EncryptionContext": _CONTEXT}
        data = json.dumps(sent).encode()
        url, headers = f"{self._server}/", {"Content-Type": _TYPE, "X-Amz-Target": f"TrentService.{verb}"}
        try:
            signed = await asyncio.to_thread(self._signer.sign, "POST", url, headers, data)
        except NoCredentials as error:
            raise self._keeper.explain(error.message, away=False) from None
        return await self._keeper.ask(url, data=data, headers=signed)


def _find_code(said: Any) -> str:
    return str(said["__type"]).rpartition("#")[2]
