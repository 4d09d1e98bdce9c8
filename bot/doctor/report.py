"""Run every check and print what it found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bot import logs
from bot.checkup import Level, Line
from bot.doctor import machine, repository
from bot.doctor.actions import check_actions
from bot.doctor.github import add_kept_app, check_github
from bot.doctor.keys import check_keys, list_providers, open_keys
from bot.doctor.models import check_models, check_prices, check_strategies, try_models
from bot.doctor.signals import check_signals
from bot.models.catalogue import Catalogue
from bot.settings import Checks, Settings
from bot.settings_sources import settings_file

_MARKS: dict[Level, str] = {
    "ok": "[green]ok[/green]  ",
    "warn": "[yellow]warn[/yellow]",
    "fail": "[red]fail[/red]",
}


async def run(settings: Settings) -> bool:
    """Print every finding; return True if nothing keeps the bot from working."""
    logs.configure(settings.model_copy(update={"log_level": "WARNING"}))  # the report has what questions cost
    console = Console(soft_wrap=True)
    console.print(f"Settings: environment, then {settings_file()}")
    return await _print(console, examine(settings))


async def run_on_repository(repo: Path, checks: Checks, settings: Settings, *, tests: bool) -> bool:
    """Print what would be done with a checkout, and with ``tests`` do it.

    Return True if nothing keeps it from being installed and tested.
    """
    # the proxy notes every host that an install reaches
    logs.configure(settings.model_copy(update={"log_level": "ERROR"}))
    return await _print(Console(soft_wrap=True), repository.find(repo, checks, settings, run=tests))


async def _print(console: Console, lines: AsyncIterator[Line]) -> bool:
    healthy = True
    async for line in lines:
        console.print(f"{_MARKS[line.level]} {escape(f'{line.subject}: {line.text}')}", highlight=False)
        healthy = healthy and line.level != "fail"
    return healthy


async def examine(settings: Settings) -> AsyncIterator[Line]:
    """Yield the findings, and then what the models do that a role names.

    They are asked a few tiny questions, which cost.
    """
    async for line in find(settings):
        yield line
    for line in await try_models(settings, await open_keys(settings)):
        yield line


async def find(settings: Settings) -> AsyncIterator[Line]:
    """Yield the findings in the order in which they should be fixed.

    No model is asked.
    """
    settings, lines = await add_kept_app(settings)
    for line in lines:
        yield line
    for line in await check_github(settings):
        yield line
    yield await check_actions(settings)
    yield await asyncio.to_thread(machine.check_folder, settings.data_dir)
    yield await asyncio.to_thread(machine.check_database, settings.database)
    yield await check_signals(settings)
    yield await check_keys(settings)
    yield await machine.check_sandbox(settings)
    yield await asyncio.to_thread(machine.check_toolchains)
    catalogue = Catalogue(settings)
    catalogue.keyed = await asyncio.to_thread(list_providers, settings)
    for line in [*check_models(catalogue), *check_strategies(catalogue, settings.strategies)]:
        yield line
    for line in check_prices(catalogue, datetime.now(UTC).date()):
        yield line
