"""Keep the master key in Azure Key Vault: an RSA key that wraps and never leaves it.

https://learn.microsoft.com/rest/api/keyvault/keys. RSA binds nothing to what it wraps; what a data key is for is bound
to its text all the same.
"""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, field
from typing import Any

from bot.logs import register_secret
from bot.sealing.asking import Keeper
from bot.sealing.port import Wrapped

KIND = "azure"
_API = {"api-version": "7.4"}
_ALGORITHM = "RSA-OAEP-256"
_AUDIENCE = "https://vault.azure.net"
_LOGIN = "https://login.microsoftonline.com"
_MACHINE = "http://169.254.169.254"
_MARGIN = 120.0  # seconds before a token ends
_REASONS: dict[int | str, str] = {
    "KeyDisabled": "the key, or this version of it, is disabled; enable it",
    "BadParameter": "it rejects the request: what is stored was changed, or the key is not an RSA key",
    400: "it rejects the request: what is stored was changed, or the key is not an RSA key",
    401: "it refuses the token: is the vault in the tenant of AZURE_TENANT_ID?",
    403: "it refuses: does the account have the role `Key Vault Crypto Service Encryption User` (get, wrapKey, "
    "unwrapKey), and does the vault's firewall admit this machine?",
    404: "there is no such key, or no such version of it",
}
_NO_LOGIN: dict[int | str, str] = {
    400: "Microsoft's log-in does not accept AZURE_TENANT_ID and AZURE_CLIENT_ID",
    401: "Microsoft's log-in does not accept AZURE_CLIENT_SECRET; it may have expired",
}
_NO_IDENTITY: dict[int | str, str] = {
    400: "this machine has no managed identity of this name; set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
    "AZURE_CLIENT_SECRET, or give it one",
}


@dataclass
class Account:
    """An application with its secret, else this machine's identity.

    ``client`` is then one of several identities, or "".
    """

    tenant: str = ""
    client: str = ""
    secret: str = field(default="", repr=False)
    login: str = _LOGIN
    machine: str = _MACHINE
    _token: str = field(default="", repr=False)
    _until: float = 0.0

    async def token(self, place: str) -> str:
        """Return a token that is good now. Raises :class:`SealError`."""
        if time.monotonic() >= self._until:
            if self.secret:
                keeper = Keeper(place, _NO_LOGIN, who="Microsoft's log-in")
                said = await self._log_in(keeper)
            else:
                keeper = Keeper(place, _NO_IDENTITY, who="the identity service of this machine")
                said = await self._ask_machine(keeper)
            self._token = keeper.read(said, "access_token")
            register_secret(self._token)
            life = str(said.get("expires_in"))  # the machine says it as text
            self._until = time.monotonic() + (float(life) if life.isdecimal() else 0.0) - _MARGIN
        return self._token

    async def _log_in(self, keeper: Keeper) -> dict[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client,
            "client_secret": self.secret,
            "scope": f"{_AUDIENCE}/.default",
        }
        return await keeper.ask(f"{self.login}/{self.tenant}/oauth2/v2.0/token", data=form)

    async def _ask_machine(self, keeper: Keeper) -> dict[str, Any]:
        asked = {"api-version": "2018-02-01", "resource": _AUDIENCE}
        if self.client:
            asked["client_id"] = self.client
        url = f"{self.machine}/metadata/identity/oauth2/token"
        return await keeper.ask(url, method="GET", params=asked, headers={"Metadata": "true"}, direct=True)


class KeyVaultMaster:
    """An RSA key; ``url`` is ``https://VAULT.vault.azure.net/keys/KEY``."""

    def __init__(self, url: str, account: Account) -> None:
        self._url = url.rstrip("/")
        self._account = account
        self._keeper = Keeper(self.place, _REASONS, _find_code)

    @property
    def place(self) -> str:
        """Say where the key is kept."""
        return f"the Azure Key Vault key {self._url}"

    async def prepare(self) -> None:
        """Make nothing: whoever runs the vault makes the key."""

    async def current(self) -> str:
        """Return the name of the key's newest version."""
        said = await self._ask("", method="GET")
        found = said.get("key")
        return self._read_name(found if isinstance(found, dict) else {})

    def knows(self, master: str) -> bool:
        """Return True if a name is one of this key's versions."""
        return master.startswith(f"{KIND}:{self._url}/") and self._version(master).isalnum()

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""
        version = self._version(await self.current())
        value = base64.urlsafe_b64encode(key).decode().rstrip("=")
        said = await self._ask(f"/{version}/wrapkey", json={"alg": _ALGORITHM, "value": value})
        return Wrapped(self._read_name(said), self._read_value(said))

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        value = base64.urlsafe_b64encode(wrapped.key).decode().rstrip("=")
        asked = {"alg": _ALGORITHM, "value": value}
        return self._read_value(await self._ask(f"/{self._version(wrapped.master)}/unwrapkey", json=asked))

    def _version(self, master: str) -> str:
        return master.removeprefix(f"{KIND}:{self._url}/")

    def _read_name(self, said: dict[str, Any]) -> str:
        name = f"{KIND}:{self._keeper.read(said, 'kid')}"
        if not self.knows(name):
            raise self._keeper.explain("it answers for another key", away=False)
        return name

    def _read_value(self, said: dict[str, Any]) -> bytes:
        value = self._keeper.read(said, "value").translate(str.maketrans("-_", "+/"))
        return self._keeper.decode(value + "=" * (-len(value) % 4))

    async def _ask(self, path: str, **given: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {await self._account.token(self.place)}"}
        return await self._keeper.ask(f"{self._url}{path}", params=_API, headers=headers, **given)


def _find_code(said: Any) -> str:
    error = said["error"]
    return str((error.get("innererror") or error)["code"])
