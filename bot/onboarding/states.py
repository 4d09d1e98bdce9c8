"""Make what GitHub is to bring back, and take it once."""

from __future__ import annotations

from collections.abc import Mapping

from bot.onboarding.callbacks import STATE_MS, digest, new_state, require
from bot.store import onboarding
from bot.store.database import now_ms
from bot.store.onboarding import Action, SetupState
from bot.store.store import Store


async def expect(store: Store, session: str, action: Action, host: str) -> str:
    """Return a new state for a session, an action and a GitHub.

    The one before, for the same session and action, is good no more.
    """
    state = new_state()
    row = SetupState(hash=digest(state), session=session, action=action, host=host, expires=now_ms() + STATE_MS)
    await store.run(onboarding.add_state, row)
    return state


async def take(store: Store, session: str, action: Action, query: Mapping[str, str]) -> SetupState:
    """Return what was expected. Raises :class:`CallbackRefused`."""
    taken = await store.run(onboarding.take_state, digest(query.get("state", "")))
    return require(taken, session, action, now_ms())
