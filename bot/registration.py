"""Register the GitHub App from a terminal: the browser's steps on loopback, without a server that waits for them."""

from __future__ import annotations

import sys

from aiohttp import web

from bot.app import opened_database
from bot.doors.room.wizard import CODE_MINUTES, Wizard
from bot.github.api.access import open_session
from bot.github.resources.manifest import load_manifest
from bot.onboarding import apps
from bot.onboarding.registrar import Registrar, SetupError
from bot.settings import LOOPBACK, Settings
from bot.settings_sources import SettingsError
from bot.store import onboarding

_OWN = (
    "The environment or server.yml names an App (app_id, private_key, webhook_secrets), and that counts. Remove these "
    "out to register one here."
)


async def print_environment(settings: Settings) -> str:
    """Return the App that is kept as variables of the environment."""
    async with opened_database(settings) as store:
        app = await apps.find(settings, store)
    if app is None:
        raise SetupError("No App is kept here: `forgehand setup` registers one.")
    return apps.print_environment(app)


async def register(settings: Settings, *, host: str, port: int, replace: bool) -> bool:
    """Serve the steps on loopback until the App is registered.

    Raises :class:`SetupError`, :class:`SettingsError`.
    """
    if host not in LOOPBACK:
        raise SetupError(f"The set-up of this command is for this machine only; {host} is not a loopback address.")
    if apps.has_own_app(settings):
        raise SettingsError(_OWN)
    async with opened_database(settings) as store, open_session() as session:
        if await store.run(onboarding.find_app) is not None and not replace:
            raise SetupError("There is an App already: `forgehand setup --replace` puts another one in its place.")
        here = settings.model_copy(update={"host": host, "port": port, "public_url": None})
        registrar = Registrar(settings, store, session, load_manifest(), replace=replace)
        wizard = Wizard(settings, store, registrar, session, here=here)
        app = web.Application()
        for path, inner in wizard.mounted().items():
            app.add_subapp(path, inner)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            _say(
                f"\nOpen this in a browser on this machine; it is good once, for {CODE_MINUTES} minutes:\n"
                f"{wizard.invite()}\n\nFrom elsewhere, first: ssh -L {port}:127.0.0.1:{port} THIS-MACHINE\n"
            )
            await wizard.registered.wait()
            kept = await apps.find(settings, store)
        except OSError as error:
            raise SetupError(f"Port {port} cannot be used ({error.strerror}); choose another with --port.") from None
        finally:
            await runner.cleanup()  # the last page is sent before
    assert kept is not None
    _say(
        f"{kept.name} (id {kept.app_id}) is registered. Next:\n"
        f"  1. Install it: {kept.html_url}/installations/new\n"
        "  2. Give it a model: forgehand keys add anthropic   (or another provider)\n"
        "  3. Check: forgehand doctor\n"
        "  4. Run: forgehand serve   (one that waits for the App has started by itself)"
    )
    return True


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
