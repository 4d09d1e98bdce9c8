"""``forgehand doctor``: everything the bot depends on, tried for real; each line says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import sqlalchemy as sa
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from bot.github.access import GitHubs, open_session
from bot.github.doctor import Line, check_app, check_hook
from bot.github.manifest import load_manifest
from bot.intake.endpoint import PATH
from bot.models.catalogue import Catalogue
from bot.models.desk import ModelDesk
from bot.sandbox.choose import choose
from bot.settings import Settings, settings_file
from bot.store.store import Store, create_engine
from bot.toolchains.python import versions

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
    store = Store(create_engine(settings.database))
    yield await _database(store)
    yield await _sandbox(settings)
    yield Line(level="ok", subject="Toolchains", text=await asyncio.to_thread(versions))
    for check in ModelDesk(store, settings, Catalogue(settings)).check():
        yield Line(level="ok" if check.ok else "fail", subject="Models", text=check.text)
    store.close()


async def _github(settings: Settings) -> list[Line]:
    """Key, clock, permissions, events, webhook: asked of GitHub as the App."""
    if settings.app_id is None or settings.private_key is None:
        text = "FORGEHAND_APP_ID and FORGEHAND_PRIVATE_KEY are not set. Run `forgehand setup` to create the App."
        return [Line(level="fail", subject="App", text=text)]
    url = f"{settings.public_url.rstrip('/')}{PATH}" if settings.public_url else None
    async with open_session() as session:
        github = GitHubs(session, settings.api_url, settings.app_id, settings.private_key.get_secret_value())
        lines = await check_app(github, load_manifest())
        if any(line.level == "fail" and line.subject == "App" for line in lines):
            return lines
        has_secret = bool(settings.webhook_secrets)
        return [*lines, *await check_hook(github.app, url, has_secret=has_secret, poll=settings.poll)]


async def _database(store: Store) -> Line:
    url = store.engine.url.render_as_string(hide_password=True)
    try:
        await asyncio.to_thread(store.migrate)
        await store.run(lambda connection: connection.execute(sa.text("select 1")).scalar_one())
    except (SQLAlchemyError, OSError) as error:
        text = f"{url} does not answer ({type(error).__name__}). Check FORGEHAND_DATABASE_URL or the data directory."
        return Line(level="fail", subject="Database", text=text)
    return Line(level="ok", subject="Database", text=f"{url} answers and has the current tables.")


async def _sandbox(settings: Settings) -> Line:
    """The probe runs the very command line that work uses."""
    sandbox = await choose(settings)
    problem = await sandbox.probe()
    if problem is not None:
        return Line(level="fail", subject="Sandbox", text=problem)
    if sandbox.tier == "process":
        text = "`process` isolates nothing; `serve` accepts it only for a GitHub on this machine."
        return Line(level="warn", subject="Sandbox", text=text)
    return Line(level="ok", subject="Sandbox", text=f"`{sandbox.tier}` works: a command ran in it just now.")
