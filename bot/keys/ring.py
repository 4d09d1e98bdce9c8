"""Find the key that pays for a call: a person's, else the repository's, the organisation's, this server's."""

from __future__ import annotations

import time

import structlog

from bot.keys.keeper import Keeper
from bot.keys.records import choose, explain, find_fault, list_owners
from bot.keys.trial import judge
from bot.models.catalogue import Catalogue, ModelSpec, takes_key
from bot.models.port import ModelDown, ModelError, ModelQuota, ModelRefused, Spender
from bot.models.ring import HeldKey
from bot.sealing.port import SealError
from bot.store import keys
from bot.store.database import now_ms
from bot.store.keys import StoredKey
from bot.store.store import Store
from bot.types import KEY_SCOPES, ForgehandError, KeyScope

_CALM_SECONDS = 60.0  # so long a refusal does not have a key tried once more
log = structlog.get_logger(__name__)


class StoredKeys:
    """The ring of the stored keys, with those of the settings last.

    They are read for each call: what is added, retired or revoked counts from the next one on.
    """

    def __init__(self, store: Store, keeper: Keeper, catalogue: Catalogue) -> None:
        self._store = store
        self._keeper = keeper
        self._catalogue = catalogue
        self._tried: dict[str, float] = {}

    async def refresh(self) -> None:
        """Tell the catalogue which providers somebody has a key for.

        Their models are then asked for roles that the settings leave open.
        """
        self._catalogue.keyed = frozenset(await self._store.run(keys.list_providers))

    async def find(self, spec: ModelSpec, spender: Spender, widest: KeyScope) -> HeldKey:
        """Return the key that pays, as :class:`KeyRing` says."""
        if not takes_key(spec, spec.provider):
            return HeldKey(secret=self._catalogue.key(spec))
        owners = [one for one in list_owners(spender) if KEY_SCOPES.index(one.scope) <= KEY_SCOPES.index(widest)]
        held = await self._store.run(keys.list_for, spec.provider, owners)
        used = await self._find_used(held, spender)
        for owner in owners:
            theirs = [key for key in held if key.scope == owner.scope]
            key = choose(theirs, used, now_ms())
            if key is not None and (found := await self._use(key, spec)) is not None:
                return found
        if widest != "instance":
            raise _refuse_wider(spec, widest)
        return self._take_setting(spec)

    async def note(self, key: HeldKey, spec: ModelSpec, error: ModelError | None) -> None:
        """Take note of credit that is used up or back, and try a refused key."""
        if not key.id:
            return
        if isinstance(error, ModelRefused) and error.detail("reason") == "key":
            await self._try_again(key.id)
        elif error is None or isinstance(error, ModelQuota):
            await self._store.run(keys.note_change, key.id, judge(error))

    async def _find_used(self, held: list[StoredKey], spender: Spender) -> set[str]:
        former = [key.id for key in held if key.use == "former" and key.retired is None]
        return await self._store.run(keys.find_used, spender.task, former) if former else set()

    async def _use(self, key: StoredKey, spec: ModelSpec) -> HeldKey | None:
        """Open a key; None where it cannot be used and a wider one may pay."""
        if find_fault(key, now_ms()):
            if key.fallback:
                return None
            raise explain(key, spec.name, now_ms())
        try:
            secret = await self._keeper.open(key)
        except SealError as error:
            raise _explain_seal(key, error) from None
        return HeldKey(id=key.id, secret=secret, scope=key.scope, alone=not key.fallback and key.scope != "instance")

    async def _try_again(self, key_id: str) -> None:
        """Find out whether it is the key that is refused, once a minute at most."""
        if time.monotonic() - self._tried.get(key_id, float("-inf")) < _CALM_SECONDS:
            return
        self._tried[key_id] = time.monotonic()
        try:
            await self._keeper.test(key_id)
        except ForgehandError as error:
            log.warning("a key could not be tried", key=key_id, reason=error.message)

    def _take_setting(self, spec: ModelSpec) -> HeldKey:
        secret = self._catalogue.key(spec)
        if secret is None and self._catalogue.needs_key(spec):
            raise ModelRefused(
                f"Nobody has a key that {spec.name} can be asked with: add one with "
                f"`forgehand keys add {spec.provider}`, or set {spec.key_env}.",
                reason="key",
            )
        return HeldKey(secret=secret)


def _refuse_wider(spec: ModelSpec, widest: KeyScope) -> ModelError:
    return ModelRefused(
        f"{spec.name} was not asked instead: it would have been paid with a wider key than the {widest}'s own.",
        reason="key",
        scope=widest,
    )


def _explain_seal(key: StoredKey, error: SealError) -> ModelError:
    """Return what it means that a key cannot be opened."""
    if error.detail("away"):
        return ModelDown(f"The key {key.id} of {key.belongs_to.words} cannot be opened now. {error.message}")
    log.error("a key cannot be opened", key=key.id, reason=error.message)
    return ModelRefused(
        f"The key {key.id} of {key.belongs_to.words} cannot be opened: whoever runs this server finds the reason with "
        "`forgehand doctor`.",
        reason="key",
        scope=key.scope,
    )
