"""Add, test, rotate and retire keys, whoever asks for it: a command, the API or the daily look."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple, Self

import structlog

from bot.keys.records import mask
from bot.keys.trial import Connect, Trial, connect, try_key
from bot.logs import register_secret
from bot.models.catalogue import Catalogue
from bot.models.gateway import ModelGateway
from bot.models.probe import Asking
from bot.models.providers import PROVIDERS, Provider
from bot.sealing.masters import find_master
from bot.sealing.port import MasterKey
from bot.sealing.sealer import Sealer
from bot.settings import Settings
from bot.store import audit, keys, sealed
from bot.store.database import now_ms
from bot.store.keys import KeyOwner, StoredKey
from bot.store.store import Store
from bot.types import ForgehandError

_LEAST, _MOST = 8, 4_000  # characters of a key
_TESTS = "(tests of keys)"  # stands for a repository where what a test costs is written down
_MOST_DOLLARS = 0.5  # of one test: some keys pay for dear models only
log = structlog.get_logger(__name__)


class KeyUnusable(ForgehandError):
    """A key that cannot be added, found or used for what is asked."""


class Tried(NamedTuple):
    """A key as it is stored now, and how its trial went."""

    key: StoredKey
    trial: Trial


class Keeper:
    """The keys of one server; ``connect`` makes the client to try one with."""

    def __init__(self, store: Store, master: MasterKey, catalogue: Catalogue, *, connect: Connect = connect) -> None:
        self._store = store
        self._master = master
        self._sealer = Sealer(master)
        self._catalogue = catalogue
        self._connect = connect

    @classmethod
    def of(cls, settings: Settings, store: Store, catalogue: Catalogue) -> Self:
        """Return the keeper of a server's keys."""
        return cls(store, find_master(settings), catalogue)

    async def add(
        self, owner: KeyOwner, provider: str, secret: str, *, name: str = "", by: str = "", fallback: bool = False
    ) -> Tried:
        """Keep a key that its provider does not refuse, and use it from now on.

        ``by`` is the login of who adds it. Raises :class:`KeyUnusable`, :class:`SealError`.
        """
        new = await self._make(owner, provider, secret, name=name, by=by, fallback=fallback)
        tried = _require(await self._try(new.model_copy(update={"use": "current"}), secret))
        if not await self._store.run(keys.add, tried.key):
            raise KeyUnusable(
                f"{owner.words[0].upper()}{owner.words[1:]} has a key for {provider} already: `forgehand keys list` "
                "shows it, `forgehand keys rotate` gives it a successor."
            )
        self._catalogue.keyed |= {provider}  # its models are asked from now on
        await self._record("add", tried.key, by)
        return tried

    async def rotate(self, key_id: str, secret: str, *, by: str = "") -> Tried:
        """Try a successor of a key, and use it from now on if it works.

        Tasks that run keep the old one until they end. A successor that could not be tried waits for
        :meth:`test`. Raises :class:`KeyUnusable`, :class:`SealError`.
        """
        old = await self.find(key_id)
        if old.use != "current":
            raise KeyUnusable(f"{old.id} is not in use: only the current key of an owner gets a successor.")
        new = await self._make(
            old.belongs_to, old.provider, secret, name=old.name, by=by or old.added_by, fallback=old.fallback
        )
        tried = _require(await self._try(new, secret))
        await self._store.run(keys.add, tried.key)
        await self._record("rotate", tried.key, by)
        return await self._promote(tried)

    async def test(self, key_id: str, *, by: str = "", paid: ModelGateway | None = None) -> Tried:
        """Try a key by its id; through ``paid`` a model is tried out too.

        A successor that works takes over. Raises :class:`KeyUnusable`, :class:`SealError`.
        """
        key = await self.find(key_id)
        if key.sealed is None:
            raise KeyUnusable(f"{key.id} is retired: there is nothing left to test.")
        secret = await self.open(key)
        ask = None if paid is None else paid.make_asking(key.id, _TESTS, dollars=_MOST_DOLLARS, person=by)
        tried = await self._try(key, secret, ask)
        await self._store.run(keys.note, key.id, tried.trial.finding, _write_stages(tried.trial))
        if by:
            await self._record("test", key, by)
        return await self._promote(tried)

    async def change(
        self, key_id: str, *, name: str | None = None, fallback: bool | None = None, by: str = ""
    ) -> StoredKey:
        """Call a key otherwise, or say whether wider keys may pay instead.

        What is None or the same stays as it is. Raises :class:`KeyUnusable`.
        """
        key = await self.find(key_id)
        wanted = key.model_copy(
            update={"name": name or key.name, "fallback": key.fallback if fallback is None else fallback}
        )
        if wanted == key:
            return key
        await self._store.run(keys.change, key.id, wanted.name, fallback=wanted.fallback)
        await self._record("change", key, by)
        return wanted

    async def seal(self, text: str, place: str) -> str:
        """Seal a text to be read again at a place. Raises :class:`SealError`."""
        if not await self._store.run(sealed.exist):
            await self._master.prepare()
        return await self._sealer.seal(text, place)

    async def unseal(self, text: str, place: str) -> str:
        """Return what was sealed for a place. Raises :class:`SealError`."""
        return await self._sealer.open(text, place)

    async def retire(self, key_id: str, *, by: str = "", fallback: bool = False) -> StoredKey:
        """Forget a key's secret at once; tasks that need it fail in words.

        With the current one go those before it. ``fallback``: wider keys pay for its owner from now on. Raises
        :class:`KeyUnusable`.
        """
        key = await self.find(key_id)
        theirs = await self._store.run(keys.list_for, key.provider, [key.belongs_to])
        ids = [each.id for each in theirs] if key.use == "current" else [key.id]
        if not await self._store.run(keys.retire, ids) and not fallback:
            raise KeyUnusable(f"{key.id} is retired already.")
        await self._store.run(keys.set_fallback, ids, allowed=fallback)
        await self._record("retire", key, by)
        return await self.find(key_id)

    async def find(self, key_id: str) -> StoredKey:
        """Return a key. Raises :class:`KeyUnusable`."""
        key = await self._store.run(keys.find, key_id)
        if key is None:
            raise KeyUnusable(f"There is no key {key_id}; `forgehand keys list` shows them.")
        return key

    async def open(self, key: StoredKey) -> str:
        """Return a key in clear. Raises :class:`SealError`."""
        secret = await self._sealer.open(key.sealed or "", key.place)
        register_secret(secret)
        return secret

    async def _make(
        self, owner: KeyOwner, provider: str, secret: str, *, name: str, by: str, fallback: bool
    ) -> StoredKey:
        """Seal a new key, not stored yet."""
        _find_provider(provider)
        if not _LEAST <= len(secret) <= _MOST or not secret.isascii() or not secret.isprintable() or " " in secret:
            raise KeyUnusable(f"That is no key: it must be {_LEAST} to {_MOST} printable characters without blanks.")
        register_secret(secret)
        key = StoredKey(
            id=f"key-{secrets.token_hex(6)}",
            scope=owner.scope,
            owner=owner.id,
            owner_name=owner.name,
            installation=owner.installation,
            provider=provider,
            name=name or provider,
            masked=mask(secret),
            sealed=None,
            use="next",
            fallback=fallback,
            added_by=by,
            created=now_ms(),
        )
        return key.model_copy(update={"sealed": await self.seal(secret, key.place)})

    async def _try(self, key: StoredKey, secret: str, ask: Asking | None = None) -> Tried:
        """Try a key, and return it in the form to store."""
        specs = self._catalogue.asked_with(_find_provider(key.provider).name)
        if not specs:
            raise KeyUnusable(f"This server asks no model at {key.provider}: name one in its settings first (models).")
        cheap = sorted(specs, key=lambda spec: spec.price.input if spec.price is not None else 0.0)
        trial = await try_key(self._connect, cheap, secret, ask)
        found = trial.finding
        fresh = found.model_copy(update={"state": key.state if found.state == "untested" else found.state})
        return Tried(
            key.model_copy(update={**fresh.model_dump(), "tested": now_ms(), "stages": _write_stages(trial)}),
            trial.model_copy(update={"finding": fresh}),
        )

    async def _promote(self, tried: Tried) -> Tried:
        """Let a successor take over that was seen to work."""
        if tried.key.use != "next" or tried.key.state != "works":
            return tried
        await self._store.run(keys.promote, tried.key)
        return Tried(await self.find(tried.key.id), tried.trial)

    async def _record(self, action: str, key: StoredKey, by: str) -> None:
        reason = f"{key.provider} key {key.id} of {key.belongs_to.words}."
        repository = key.owner_name if key.scope == "repository" else None
        await self._store.run(
            audit.record, f"{action} key", allowed=True, reason=reason, actor=by or None, repository=repository
        )
        log.info(f"key: {action}", key=key.id, scope=key.scope, provider=key.provider, actor=by)


def _write_stages(trial: Trial) -> list[dict[str, Any]]:
    return [stage.model_dump(mode="json") for stage in trial.stages]


def _find_provider(name: str) -> Provider:
    """Return a provider that keys are kept for; raises :class:`KeyUnusable`."""
    known = [row for row in PROVIDERS.values() if row.takes_keys]
    found = next((row for row in known if row.name == name), None)
    if found is None:
        raise KeyUnusable(f"Keys are kept for {', '.join(row.name for row in known)}, not for {name}.")
    return found


def _require(tried: Tried) -> Tried:
    """Return a new key unless its provider refuses it."""
    if tried.key.state == "refused":
        raise KeyUnusable(f"The key is not kept: {tried.key.problem}\n{tried.trial.words}")
    return tried
