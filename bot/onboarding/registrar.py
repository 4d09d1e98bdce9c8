"""Register the App at GitHub by its manifest, and take its credentials, once."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.github.api.access import GitHubs
from bot.github.api.errors import GitHubError
from bot.github.api.hosts import api_url_of
from bot.github.resources import app as app_api
from bot.github.resources.manifest import Manifest, Places
from bot.onboarding import apps
from bot.onboarding.apps import RegisteredApp, has_own_app
from bot.onboarding.callbacks import CallbackRefused, read_code
from bot.onboarding.states import expect, take
from bot.onboarding.wishes import Wishes
from bot.settings import Settings
from bot.store import audit, onboarding
from bot.store.store import Store
from bot.types import ForgehandError, JsonModel

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_MOST = 256 * 1024  # bytes of a conversion's answer


class SetupError(ForgehandError):
    """A failure of the set-up; the message says why and what to do."""


class Form(JsonModel):
    """A form that the browser posts to GitHub."""

    target: str
    manifest: dict[str, Any]


class Registrar:
    """The steps at GitHub of one server.

    ``replace`` (only a command on the machine sets it): an App that is already kept may be replaced.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        session: aiohttp.ClientSession,
        manifest: Manifest,
        *,
        replace: bool = False,
    ) -> None:
        self._settings = settings
        self._store = store
        self._session = session
        self._manifest = manifest
        self._replace = replace

    async def is_configured(self) -> bool:
        """Return True if there is an App that may not be replaced."""
        if has_own_app(self._settings):
            return True
        return not self._replace and await self._store.run(onboarding.find_app) is not None

    async def begin(self, session: str, wishes: Wishes, places: Places) -> Form:
        """Make the form that registers an App: once, within an hour."""
        state = await expect(self._store, session, "register", wishes.web_url)
        owner = f"/organizations/{quote(wishes.organization)}" if wishes.organization else ""
        document = self._manifest.for_github(
            name=wishes.name,
            homepage=wishes.public_url or wishes.web_url,
            places=places,
            hook_url=wishes.hook,
            groups=wishes.groups,
        )
        return Form(target=f"{wishes.web_url}{owner}/settings/apps/new?state={state}", manifest=document)

    async def finish(self, session: str, wishes: Wishes, query: Mapping[str, str]) -> RegisteredApp:
        """Take the App that GitHub made, and keep it.

        The state holds the address to ask for the credentials. Raises :class:`CallbackRefused`,
        :class:`SetupError`, :class:`SealError`.
        """
        state = await take(self._store, session, "register", query)
        code = read_code(query)
        if await self.is_configured():
            raise CallbackRefused("There is an App already: `forgehand setup --replace` on the machine replaces it.")
        answer = await self._convert(conversion_of(state.host, code))
        app = read_app(answer, state.host, wishes)
        if not answer.get("webhook_secret") and not app.poll:
            await self._set_secret(app)
        if not await apps.keep(self._settings, self._store, app, replace=self._replace):
            raise SetupError(f"Another App was registered meanwhile, and is kept. Delete this one: {app.html_url}")
        await self._store.run(audit.record, "register app", allowed=True, reason=f"{app.name} at {app.web_url}.")
        return app

    async def _convert(self, url: str) -> dict[str, Any]:
        try:
            async with self._session.post(url, allow_redirects=False, timeout=_TIMEOUT) as answer:
                status = answer.status
                data = await answer.json(content_type=None) if status == 201 else {}
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise SetupError(f"GitHub did not answer ({type(error).__name__}). {_AGAIN}") from None
        if status != 201:
            raise SetupError(f"GitHub did not return the App's credentials ({status}). {_AGAIN}")
        return data if isinstance(data, dict) else {}

    async def _set_secret(self, app: RegisteredApp) -> None:
        """Tell GitHub the secret, where it made none itself."""
        try:
            github = GitHubs.as_app(self._session, app.api_url, app.app_id, app.private_key)
            await app_api.set_hook_secret(github.app, app.webhook_secret)
        except GitHubError as error:
            raise SetupError(
                f"GitHub did not accept the webhook's secret. {error.message} Delete the App ({app.html_url}) "
                "and begin again."
            ) from None


_AGAIN = "Its code works once, within an hour. Delete the App on GitHub if it is there, and begin this step again."


def conversion_of(host: str, code: str) -> str:
    """Return where a code becomes credentials."""
    return f"{api_url_of(host)}/app-manifests/{quote(code, safe='')}/conversions"


def read_app(answer: Mapping[str, Any], web_url: str, wishes: Wishes) -> RegisteredApp:
    """Read GitHub's answer; a secret is made where it has none.

    Raises :class:`SetupError`.
    """
    try:
        return RegisteredApp(
            app_id=answer["id"],
            slug=answer["slug"],
            name=answer.get("name") or answer["slug"],
            client_id=answer["client_id"],
            client_secret=answer["client_secret"],
            private_key=answer["pem"],
            webhook_secret=answer.get("webhook_secret") or secrets.token_hex(32),
            html_url=_page_of(answer, web_url),
            owner=_owner_of(answer),
            web_url=web_url,
            api_url=api_url_of(web_url),
            public_url=wishes.public_url or None,
            poll=wishes.hook is None,
        )
    except (KeyError, TypeError, ValueError):
        raise SetupError("GitHub's answer lacks the App's credentials; is this address really a GitHub?") from None


def _page_of(answer: Mapping[str, Any], web_url: str) -> str:
    """Return the App's page as GitHub names it, if it is below ``web_url``."""
    said = str(answer.get("html_url") or "")
    return said if said.startswith(f"{web_url}/") else f"{web_url}/apps/{quote(answer['slug'])}"


def _owner_of(answer: Mapping[str, Any]) -> int | None:
    """Return the id of the person who owns the App."""
    owner = answer.get("owner") or {}
    return owner.get("id") if owner.get("type") == "User" else None
