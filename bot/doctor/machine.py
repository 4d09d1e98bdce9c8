"""Check this machine: data directory, database, sandbox, toolchains."""

from __future__ import annotations

from pathlib import Path

from bot.checkup import Line
from bot.sandbox.bubblewrap import Bubblewrap
from bot.sandbox.container import Container
from bot.sandbox.gvisor import GVisor
from bot.sandbox.tiers import choose_sandbox
from bot.settings import Settings
from bot.settings_sources import SettingsError
from bot.store import datadir
from bot.store.database import StoreError, create_engine
from bot.store.store import Store
from bot.toolchains.languages import describe_languages


def check_folder(folder: Path) -> Line:
    """Write to the data directory and look how much room it has. Blocking."""
    try:
        datadir.prepare(folder)
    except SettingsError as error:
        return Line(level="fail", subject="Data directory", text=error.message)
    if not datadir.has_room(folder):
        text = f"{folder} has almost no free space; free some, or `serve` will not become ready."
        return Line(level="fail", subject="Data directory", text=text)
    return Line(level="ok", subject="Data directory", text=f"{folder} is writable and has free space.")


def check_database(database: str) -> Line:
    """Connect to the database and upgrade its tables. Blocking."""
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


async def check_sandbox(settings: Settings) -> Line:
    """Run a command in the sandbox, by the very command line that work uses."""
    sandbox = await choose_sandbox(settings)
    problem = await sandbox.probe()
    if problem is not None:
        return Line(level="fail", subject="Sandbox", text=problem)
    if sandbox.tier == "process":
        text = "`process` isolates nothing; `serve` accepts it only for a GitHub on this machine."
        return Line(level="warn", subject="Sandbox", text=text)
    limited = ""
    if isinstance(sandbox, Bubblewrap | GVisor | Container):
        limited = f"; {sandbox.limits_by()} limit its resources"
    return Line(level="ok", subject="Sandbox", text=f"`{sandbox.tier}` works: a command ran in it just now{limited}.")


def check_toolchains() -> Line:
    """List which languages can be tested here, and what others lack. Blocking."""
    return Line(level="ok", subject="Toolchains", text=describe_languages())
