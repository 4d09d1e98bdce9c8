"""See the App installed: lead to GitHub, and believe what comes back only as GitHub itself tells it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from bot.github.api.client import Client
from bot.github.resources import app as app_api
from bot.github.resources.app import Installation
from bot.onboarding.callbacks import CallbackRefused, read_installed
from bot.onboarding.states import expect, take
from bot.store.store import Store


async def begin_install(store: Store, session: str, page: str, host: str) -> str:
    """Return the address where the App is installed; ``page``: its own."""
    state = await expect(store, session, "install", host)
    return f"{page}/installations/new?{urlencode({'state': state})}"


async def confirm_install(store: Store, client: Client, session: str, query: Mapping[str, str]) -> Installation | None:
    """Return what was installed, None where an owner was asked to do it.

    ``client`` asks as the App. A request to an owner, and a change made on GitHub's own pages, come without a state.
    Raises :class:`CallbackRefused`, :class:`GitHubError`.
    """
    said = read_installed(query)
    if said.action == "install" or query.get("state"):
        await take(store, session, "install", query)
    if said.installation is None:
        return None
    found = await app_api.read_installation(client, said.installation)
    if found is None:
        raise CallbackRefused("GitHub knows no such installation of this App; nothing was stored.")
    return found
