"""Say how a key stands: its state, its age, and what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from bot.models.port import ModelError, ModelQuota, ModelRefused, Spender
from bot.store.keys import KeyOwner, StoredKey

DAY_MS = 86_400_000
REMIND_DAYS, OVERDUE_DAYS = 80, 90
_SHOWN = 24  # characters: nothing is shown of a shorter key
Shown = Literal["untested", "works", "refused", "exhausted", "overdue", "retired"]


def state_of(key: StoredKey, now: int) -> Shown:
    """Return the state that is shown; ``now`` in milliseconds."""
    if key.state == "exhausted" and (key.until or 0) <= now:
        return "untested"
    return "overdue" if key.state == "works" and _age(key, now) >= OVERDUE_DAYS else key.state


def find_reminder(key: StoredKey, now: int) -> str:
    """Say that a key should be replaced, or nothing. It is never disabled."""
    if key.use != "current" or _age(key, now) < REMIND_DAYS:
        return ""
    word = "overdue" if _age(key, now) >= OVERDUE_DAYS else "due soon"
    return f"{key.id} of {key.belongs_to.words} is {_age(key, now)} days old, its replacement {word}: {rotate(key)}."


def find_due(key: StoredKey) -> int:
    """Return the moment from which a key is overdue for replacement, in ms."""
    return key.created + OVERDUE_DAYS * DAY_MS


def find_fault(key: StoredKey, now: int) -> str:
    """Say why a key cannot be used now, or nothing."""
    if key.state == "retired":
        return "it is retired"
    if state_of(key, now) == "exhausted":
        return "it is out of credit, or over its limit, at the provider"
    return "the provider refuses it" if key.state == "refused" else ""


def choose(theirs: Sequence[StoredKey], used: Collection[str], now: int) -> StoredKey | None:
    """Choose an owner's key for a task that was asked with some already.

    A task stays with the key that it began with while it can be used. Else it is the current one, usable or not, or the
    one that was retired last; None where the owner never had any.
    """
    usable = [key for key in theirs if key.use == "former" and key.id in used and not find_fault(key, now)]
    current = [key for key in theirs if key.use == "current"]
    retired = sorted((key for key in theirs if key.state == "retired"), key=lambda key: key.retired or 0)
    return next(iter([*usable, *current, *retired[::-1]]), None)


def explain(key: StoredKey, model: str, now: int) -> ModelError:
    """Make the error of a key that cannot be used: whose it is, what to do."""
    way = rotate(key)
    if key.retired is not None:
        way = f"add another one with `forgehand keys add {key.provider}`"
    elif state_of(key, now) == "exhausted":
        way = f"top it up there, or {way}"
    message = (
        f"{model} is asked with the {key.provider} key {key.id} of {key.belongs_to.words}, and {find_fault(key, now)}: "
        f"{way}. Nobody else's key is taken for it."
    )
    if state_of(key, now) == "exhausted":
        return ModelQuota(message, until=(key.until or now) / 1000, scope=key.scope)
    return ModelRefused(message, reason="key", scope=key.scope)


def list_owners(spender: Spender) -> list[KeyOwner]:
    """List the owners whose keys may pay for a spender, the narrowest first."""
    ids = {"person": spender.person_id, "repository": spender.repository_id, "organisation": spender.installation}
    found = [KeyOwner.model_validate({"scope": scope, "id": number}) for scope, number in ids.items() if number]
    return [*found, KeyOwner(scope="instance")]


def mask(secret: str) -> str:
    """Return the part of a key that may be shown."""
    return f"{secret[:6]}...{secret[-4:]}" if len(secret) >= _SHOWN else "..."


def rotate(key: StoredKey) -> str:
    """Say how to replace a key."""
    return f"`forgehand keys rotate {key.id}` gives it a successor"


def _age(key: StoredKey, now: int) -> int:
    return (now - key.created) // DAY_MS
