"""Keep the master key in the transit engine of HashiCorp Vault or OpenBao, which wraps and never shows it.

Three endpoints are spoken to: log-in, encrypt and decrypt. https://openbao.org/api-docs/secret/transit/
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from bot.sealing.asking import ABOUT, Keeper
from bot.sealing.port import Wrapped

KIND = "vault"
_ABOUT = base64.b64encode(ABOUT).decode()
_MARGIN = 30.0  # seconds before a lease ends
_REASONS: dict[int | str, str] = {
    400: "it rejects the request: is the key's name right, and is this version of it still allowed?",
    403: "it refuses the token: is it valid, and does its policy permit `update` on encrypt and decrypt of the key?",
    404: "there is no transit engine at this path",
}


@dataclass
class Login:
    """The way to a token: the one given, else an AppRole's, got anew in time."""

    token: str = field(default="", repr=False)
    role: str = ""
    secret: str = field(default="", repr=False)
    _until: float = float("inf")

    @property
    def is_due(self) -> bool:
        """Return True if a token must be got first."""
        return not self.token or time.monotonic() >= self._until

    def take(self, auth: dict[str, Any]) -> None:
        """Take the token that a log-in brought."""
        self.token = str(auth["client_token"])
        lease = float(auth.get("lease_duration") or 0)
        self._until = time.monotonic() + lease - _MARGIN if lease else float("inf")


class TransitMaster:
    """A key of a transit engine; ``url`` is ``https://HOST:8200/MOUNT/KEY``."""

    def __init__(self, url: str, login: Login) -> None:
        parts = urlsplit(url)
        mount, _, self._key = parts.path.strip("/").rpartition("/")
        self._server = f"{parts.scheme}://{parts.netloc}/v1"
        self._engine = f"{self._server}/{mount}"
        self._login = login

    @property
    def place(self) -> str:
        """Say where the key is kept."""
        return f"the transit key {self._key} at {self._server.removesuffix('/v1')}"

    async def prepare(self) -> None:
        """Make nothing: whoever runs the engine makes the key."""

    async def current(self) -> str:
        """Return the name of the newest version of the key."""
        return (await self.wrap(bytes(32))).master

    def knows(self, master: str) -> bool:
        """Return True if a name is one of this key's versions."""
        return master.startswith(f"{KIND}:{self._key}:")

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""
        data = await self._ask("encrypt", {"plaintext": base64.b64encode(key).decode()})
        text = str(data["ciphertext"])
        return Wrapped(f"{KIND}:{self._key}:{text.split(':')[1]}", text.encode())

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        data = await self._ask("decrypt", {"ciphertext": wrapped.key.decode("ascii", "replace")})
        return base64.b64decode(str(data["plaintext"]))

    async def _ask(self, verb: str, body: dict[str, str]) -> dict[str, Any]:
        if self._login.is_due:
            given = {"role_id": self._login.role, "secret_id": self._login.secret}
            self._login.take((await self._post(f"{self._server}/auth/approle/login", given))["auth"])
        sent = {**body, "associated_data": _ABOUT}
        data: dict[str, Any] = (await self._post(f"{self._engine}/{verb}/{self._key}", sent))["data"]
        return data

    async def _post(self, url: str, body: dict[str, str]) -> dict[str, Any]:
        headers = {"X-Vault-Token": self._login.token} if self._login.token else {}
        return await Keeper(self.place, _REASONS).ask(url, json=body, headers=headers)
