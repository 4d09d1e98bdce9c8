"""Write one file that helps others to help: what is set, found, stored and installed, and no secret of anybody's."""

from __future__ import annotations

import asyncio
import importlib.metadata
import json
import os
import platform
import shutil
import time
from pathlib import Path
from typing import Any

from bot.doctor.report import find
from bot.redaction import find_secrets, redact_code
from bot.settings import Settings
from bot.store.census import take_census
from bot.store.database import StoreError, create_engine
from bot.store.store import Store
from bot.types import ForgehandError
from bot.upkeep.shareable import list_secrets, pick_shareable
from bot.work.environments import measure

_FOLDERS = ("mirrors", "index", "environments", "work", "tmp")
_PACKAGES = ("dbos", "sqlalchemy", "psycopg", "aiohttp", "pydantic", "anthropic", "openai")


class SupportError(ForgehandError):
    """A bundle that cannot be written."""


async def write_bundle(settings: Settings, target: Path) -> str:
    """Write the bundle and say what to do with it.

    Raises :class:`SupportError` where the file is there already, or a secret would be in it.
    """
    bundle = {
        "made": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "settings": pick_shareable(settings.model_dump(mode="json"), settings),
        "secrets_set": list_secrets(settings),
        "doctor": [line.model_dump() async for line in find(settings)],
        "machine": await asyncio.to_thread(_describe_machine, settings.data_dir),
        "database": await asyncio.to_thread(_describe_database, settings.database),
    }
    text = redact_code(json.dumps(bundle, indent=2), settings.secrets)
    if found := find_secrets(text, settings.secrets):
        raise SupportError(f"Nothing was written: it would have held a secret ({', '.join(found)}).")
    await asyncio.to_thread(_write, target, text)
    return f"Wrote {target}. Read it before you send it: it names your hosts and folders."


def _describe_machine(data_dir: Path) -> dict[str, Any]:
    disk = shutil.disk_usage(data_dir if data_dir.is_dir() else Path.home())
    return {
        "system": platform.platform(),
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "load": os.getloadavg(),
        "disk_free": disk.free,
        "bytes": {name: measure(data_dir / name) for name in _FOLDERS if (data_dir / name).is_dir()},
        "packages": {name: _find_version(name) for name in _PACKAGES},
    }


def _find_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _describe_database(url: str) -> dict[str, Any]:
    store = Store(create_engine(url))
    try:
        store.migrate()
        return store.run_sync(take_census)
    except StoreError as error:
        return {"problem": error.message}
    finally:
        store.close()


def _write(target: Path, text: str) -> None:
    try:
        target.touch(0o600, exist_ok=False)
    except FileExistsError:
        raise SupportError(f"{target} is there already: choose another name.") from None
    target.write_text(text)
