"""Keep the master key in Google Cloud KMS, which wraps and never shows it.

Two methods are called, encrypt and decrypt.
https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

from bot.google import GoogleTokens, NoToken
from bot.sealing.asking import ABOUT, Keeper
from bot.sealing.port import Wrapped

KIND = "gcp"
_ABOUT = base64.b64encode(ABOUT).decode()
_SERVER = "https://cloudkms.googleapis.com"
_REASONS: dict[int | str, str] = {
    "INVALID_ARGUMENT": "it rejects the request: what is stored was changed, or another key wrapped it",
    "FAILED_PRECONDITION": "the key's version is disabled or destroyed, or no version is primary; enable it",
    401: "it refuses the token; look at the credentials in GOOGLE_APPLICATION_CREDENTIALS",
    403: "it refuses: does the account have the role roles/cloudkms.cryptoKeyEncrypterDecrypter on the key, "
    "and is the API switched on?",
    404: "there is no such key",
}


class CloudKmsMaster:
    """A symmetric key, ``projects/P/locations/L/keyRings/R/cryptoKeys/K``."""

    def __init__(self, name: str, tokens: GoogleTokens | None, server: str = _SERVER) -> None:
        self._name = name
        self._tokens = tokens
        self._server = server
        self._keeper = Keeper(self.place, _REASONS, _find_code)

    @property
    def place(self) -> str:
        """Say where the key is kept."""
        return f"the Google Cloud KMS key {self._name}"

    async def prepare(self) -> None:
        """Make nothing: whoever runs the project makes the key."""

    async def current(self) -> str:
        """Return the name of the key's primary version."""
        return (await self.wrap(bytes(32))).master

    def knows(self, master: str) -> bool:
        """Return True if a name is one of this key's versions."""
        return master.startswith(f"{KIND}:{self._name}/cryptoKeyVersions/")

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""
        said = await self._ask("encrypt", {"plaintext": base64.b64encode(key).decode()})
        name = f"{KIND}:{self._keeper.read(said, 'name')}"
        if not self.knows(name):
            raise self._keeper.explain("it answers for another key", away=False)
        return Wrapped(name, self._keeper.decode(self._keeper.read(said, "ciphertext")))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        said = await self._ask("decrypt", {"ciphertext": base64.b64encode(wrapped.key).decode()})
        return self._keeper.decode(self._keeper.read(said, "plaintext"))

    async def _ask(self, verb: str, body: dict[str, str]) -> dict[str, Any]:
        if self._tokens is None:
            raise self._keeper.explain("set GOOGLE_APPLICATION_CREDENTIALS to a file of credentials", away=False)
        try:
            token = await asyncio.to_thread(self._tokens.token)
        except NoToken as error:
            away = error.detail("why") != "refused"
            raise self._keeper.explain(error.message.rstrip("."), away=away) from None
        sent = {**body, "additionalAuthenticatedData": _ABOUT}
        headers = {"Authorization": f"Bearer {token}"}
        return await self._keeper.ask(f"{self._server}/v1/{self._name}:{verb}", json=sent, headers=headers)


def _find_code(said: Any) -> str:
    return str(said["error"]["status"])
