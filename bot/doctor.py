"""``forgehand doctor``: everything the bot depends on, tried for real; each line says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from rich.console import Console

from bot.doors.webhook.endpoint import PATH
from bot.github.api.access import GitHubs, open_session
from bot.github.api.errors import BadCredentials
from bot.github.doctor import Line, check_app, check_hook
from bot.github.resources.manifest import load_manifest
from bot.models.catalogue import Catalogue
from bot.models.check import check_lines
from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.choose import choose
from bot.settings import Settings, SettingsError, settings_file
from bot.store import datadir
from bot.store.database import StoreError, create_engine
from bot.store.store import Store
from bot.toolchains.python.toolchain import versions

_MARKS = {"ok": "[green]ok[/green]  ", "warn": "[yellow]warn[/yellow]", "fail": "[red]fail[/red]"}


async def run(settings: Settings) -> bool:
    """Print every finding; True where nothing keeps the bot from working."""
    console = Console(soft_wrap=True)
    console.print(f"Settings: environment, then {settings_file()}")
    fine = True
    async for line in findings(settings):
        console.print(f"{_MARKS[line.level]} {line.subject}: {line.text}", highlight=False)
        fine = fine and line.level != "fail"
    return fine


async def findings(settings: Settings) -> AsyncIterator[Line]:
    """One line a check, in the order in which they should be mended."""
    for line in await _github(settings):
        yield line
    yield await asyncio.to_thread(_folder, settings.data_dir)
    yield await asyncio.to_thread(_database, settings.database)
    yield await _sandbox(settings)
    yield Line(level="ok", subject="Toolchains", text=await asyncio.to_thread(versions))
    for check in check_lines(Catalogue(settings)):
        yield Line(level="ok" if check.ok else "fail", subject="Models", text=check.text)


async def _github(settings: Settings) -> list[Line]:
    """Key, clock, permissions, events, webhook: asked of GitHub as the App."""
    if settings.app_id is None or settings.private_key is None:
        text = "FORGEHAND_APP_ID and FORGEHAND_PRIVATE_KEY are not set. Run `forgehand setup` to create the App."
        return [Line(level="fail", subject="App", text=text)]
    url = f"{settings.public_url.rstrip('/')}{PATH}" if settings.public_url else None
    async with open_session() as session:
        try:
            github = GitHubs(session, settings.api_url, settings.app_id, settings.private_key.get_secret_value())
        except BadCredentials as error:
            return [Line(level="fail", subject="App", text=error.message)]
        lines = await check_app(github, load_manifest())
        if any(line.level == "fail" and line.subject == "App" for line in lines):
            return lines
        has_secret = bool(settings.webhook_secrets)
        return [*lines, *await check_hook(github.app, url, has_secret=has_secret, poll=settings.poll)]


def _folder(folder: Path) -> Line:
    try:
        datadir.prepare(folder)
    except SettingsError as error:
        return Line(level="fail", subject="Data directory", text=error.message)
    if not datadir.has_room(folder):
        text = f"{folder} has hardly any room left: free some, or `serve` will not be ready."
        return Line(level="fail", subject="Data directory", text=text)
    return Line(level="ok", subject="Data directory", text=f"{folder} can be written to and has room.")


def _database(database: str) -> Line:
    try:
        store = Store(create_engine(database))
        try:
            store.migrate()
        finally:
            store.close()
    except (StoreError, OSError) as error:
        return Line(level="fail", subject="Database", text=str(error))
    where = store.engine.url.render_as_string(hide_password=True)
    return Line(level="ok", subject="Database", text=f"{where} answers and has the current tables.")


async def _sandbox(settings: Settings) -> Line:
    """The probe runs the very command line that work uses."""
    sandbox = await choose(settings)
    problem = await sandbox.probe()
    if problem is not None:
        return Line(level="fail", subject="Sandbox", text=problem)
    if sandbox.tier == "process":
        text = "`process` isolates nothing; `serve` accepts it only for a GitHub on this machine."
        return Line(level="warn", subject="Sandbox", text=text)
    limited = f"; {sandbox.limits_by()} limit what it takes" if isinstance(sandbox, Bubblewrap) else ""
    return Line(level="ok", subject="Sandbox", text=f"`{sandbox.tier}` works: a command ran in it just now{limited}.")
