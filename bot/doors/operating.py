"""Open what commands need that whoever runs the server types."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from bot.github.api.access import GitHubs, open_session
from bot.github.api.transport import Journal
from bot.onboarding.apps import complete
from bot.settings import Settings
from bot.settings_sources import SettingsError
from bot.store.database import create_engine
from bot.store.store import Store


@contextmanager
def opened_store(settings: Settings) -> Iterator[Store]:
    """Open the database, upgraded to this build."""
    store = Store(create_engine(settings.database))
    try:
        store.migrate()
        yield store
    finally:
        store.close()


@asynccontextmanager
async def opened_app(settings: Settings, journal: Journal | None = None) -> AsyncIterator[GitHubs]:
    """Open the way to GitHub as the App; raises :class:`SettingsError`."""
    with opened_store(settings) as store:
        settings = await complete(settings, store)
    if settings.app_id is None or settings.private_key is None:
        raise SettingsError("This needs the App: run `forgehand setup` first.")
    async with open_session() as session:
        key = settings.private_key.get_secret_value()
        yield GitHubs.as_app(session, settings.api_url, settings.app_id, key, journal=journal)
