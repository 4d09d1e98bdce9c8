"""Choose the master keys that the settings name."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence

from cachetools import TTLCache
from pydantic import SecretStr

from bot.google import CredentialsFile, GoogleTokens
from bot.sealing import aws, cloud_kms, key_vault, transit
from bot.sealing.local import LocalMaster
from bot.sealing.port import MasterKey, SealError, Wrapped
from bot.settings import LOCAL_MASTER, Settings

_REMEMBERED, _SECONDS = 1_000, 300.0  # opened data keys: a call of a model costs no request each time
_UNTRIED = {aws.KIND, cloud_kms.KIND, key_vault.KIND}


class Masters:
    """Several master keys: the first seals, all open.

    What one elsewhere opened is remembered for five minutes.
    """

    def __init__(self, masters: Sequence[MasterKey]) -> None:
        self._masters = masters
        self._opened: TTLCache[bytes, bytes] = TTLCache(_REMEMBERED, ttl=_SECONDS)
        self._lock = threading.Lock()  # the event loops of workflows are in threads of their own

    @property
    def place(self) -> str:
        """Say where the key is kept."""
        return self._masters[0].place

    async def prepare(self) -> None:
        """Make a key where there is none, if that is done there."""
        await self._masters[0].prepare()

    async def current(self) -> str:
        """Return the name of what wraps now."""
        return await self._masters[0].current()

    def knows(self, master: str) -> bool:
        """Return True if a name is of a key that is asked here."""
        return any(one.knows(master) for one in self._masters)

    async def wrap(self, key: bytes) -> Wrapped:
        """Wrap a data key. Raises :class:`SealError`."""
        return await self._masters[0].wrap(key)

    async def unwrap(self, wrapped: Wrapped) -> bytes:
        """Return a data key. Raises :class:`SealError`."""
        holder = next((one for one in self._masters if one.knows(wrapped.master)), None)
        if holder is None:
            raise SealError(
                f"It was sealed with the master key {wrapped.master}, and FORGEHAND_MASTER does not name its place: "
                "put that back, behind the one that seals now, or set the secret anew."
            )
        if isinstance(holder, LocalMaster):
            return await holder.unwrap(wrapped)
        name = hashlib.sha256(wrapped.key).digest()
        with self._lock:
            found = self._opened.get(name)
        if found is None:
            found = await holder.unwrap(wrapped)
            with self._lock:
                self._opened[name] = found
        return found


def find_master(settings: Settings) -> MasterKey:
    """Return the master keys that settings name, and the local one."""
    local = LocalMaster.of(settings)
    places = settings.masters
    named = [local if place == LOCAL_MASTER else _find(place, settings) for place in places]
    return Masters(named if LOCAL_MASTER in places else [*named, local])


def describe_master(settings: Settings) -> str:
    """Say where the master key is kept, and whether that was ever tried."""
    place, kind = find_master(settings).place, settings.masters[0].partition(":")[0]
    return f"{place} (untested against the real service)" if kind in _UNTRIED else place


def _find(place: str, settings: Settings) -> MasterKey:
    kind, _, where = place.partition(":")
    match kind:
        case aws.KIND:
            return aws.KmsMaster(where)
        case cloud_kms.KIND:
            file = settings.google_application_credentials
            return cloud_kms.CloudKmsMaster(where, None if file is None else GoogleTokens(CredentialsFile(file)))
        case key_vault.KIND:
            account = key_vault.Account(
                tenant=settings.azure_tenant_id or "",
                client=settings.azure_client_id or "",
                secret=_read(settings.azure_client_secret),
            )
            return key_vault.KeyVaultMaster(where, account)
    login = transit.Login(
        token=_read(settings.vault_token), role=settings.vault_role_id or "", secret=_read(settings.vault_secret_id)
    )
    return transit.TransitMaster(where, login)


def _read(secret: SecretStr | None) -> str:
    return "" if secret is None else secret.get_secret_value()
