"""Keep the registered App in the database, sealed, and complete the settings with it.

What the environment or ``server.yml`` says goes before what is kept.
"""

from __future__ import annotations

import shlex
from typing import Any

from pydantic import SecretStr

from bot.sealing.masters import find_master
from bot.sealing.sealer import Sealer
from bot.settings import Settings
from bot.store import onboarding, sealed
from bot.store.store import Store
from bot.types import JsonModel

_PLACE = "fh_app app"


class RegisteredApp(JsonModel):
    """Credentials of an App, and where it lives.

    ``poll``: it has no webhook. ``owner``: the id of the person who owns it on GitHub, None for an organisation.
    """

    app_id: int
    slug: str
    name: str
    client_id: str
    client_secret: str
    private_key: str
    webhook_secret: str
    html_url: str
    owner: int | None = None
    web_url: str
    api_url: str
    public_url: str | None
    poll: bool

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what nobody may see."""
        return (self.client_secret, self.private_key, self.webhook_secret)


def has_own_app(settings: Settings) -> bool:
    """Return True if the environment or ``server.yml`` names an App.

    It then counts, whatever is kept.
    """
    return bool(settings.app_id or settings.private_key or settings.webhook_secrets)


async def keep(settings: Settings, store: Store, app: RegisteredApp, *, replace: bool = False) -> bool:
    """Seal and store an App; return False where there is one already.

    Raises :class:`SealError` where the master key cannot be used.
    """
    master = find_master(settings)
    if not await store.run(sealed.exist):
        await master.prepare()
    text = await Sealer(master).seal(app.model_dump_json(), _PLACE)
    return await store.run(onboarding.put_app, text, replace=replace)


async def find(settings: Settings, store: Store) -> RegisteredApp | None:
    """Return the App that is kept. Raises :class:`SealError`."""
    kept = await store.run(onboarding.find_app)
    if kept is None:
        return None
    text = await Sealer(find_master(settings)).open(kept.sealed, _PLACE)
    return RegisteredApp.model_validate_json(text)


async def complete(settings: Settings, store: Store) -> Settings:
    """Return settings with the App that is kept, where they name none.

    Raises :class:`SealError`.
    """
    app = None if has_own_app(settings) else await find(settings, store)
    return settings if app is None else fill(settings, app)


def fill(settings: Settings, app: RegisteredApp) -> Settings:
    """Return settings with an App; what they say themselves stays."""
    values: dict[str, Any] = {
        "app_id": app.app_id,
        "client_id": app.client_id,
        "client_secret": SecretStr(app.client_secret),
        "private_key": SecretStr(app.private_key),
        "webhook_secrets": [SecretStr(app.webhook_secret)],
        "web_url": app.web_url,
        "api_url": app.api_url,
        "public_url": app.public_url,
        "poll": app.poll,
        # whoever owns the App can take its key from GitHub anyway
        "administrators": [] if app.owner is None else [str(app.owner)],
    }
    own = settings.model_fields_set
    return settings.model_copy(update={name: value for name, value in values.items() if name not in own})


def print_environment(app: RegisteredApp) -> str:
    r"""Return the App as variables for a secret manager, a line each.

    Line breaks of the private key are written ``\n``, as the settings read them.
    """
    variables = {
        "FORGEHAND_APP_ID": str(app.app_id),
        "FORGEHAND_CLIENT_ID": app.client_id,
        "FORGEHAND_CLIENT_SECRET": app.client_secret,
        "FORGEHAND_PRIVATE_KEY": app.private_key.strip().replace("\n", "\\n"),
        "FORGEHAND_WEBHOOK_SECRET": app.webhook_secret,
        "FORGEHAND_WEB_URL": app.web_url,
        "FORGEHAND_API_URL": app.api_url,
        "FORGEHAND_PUBLIC_URL": app.public_url or "",
        "FORGEHAND_POLL": "true" if app.poll else "",
    }
    return "\n".join(f"{name}={shlex.quote(value)}" for name, value in variables.items() if value)
