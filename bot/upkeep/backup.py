"""Write the database and the settings that are no secrets into one file, and restore them from it.

Mirrors, index and environments are made anew where they are missing. Tokens of the API are in the database as hashes.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from bot.settings import Settings
from bot.types import JsonModel
from bot.upkeep.dumps import BackupError, dump, load
from bot.upkeep.shareable import list_secrets, pick_shareable

_MANIFEST = "manifest.json"
_DATABASE = "database"
_SETTINGS = "server.yml"


class Manifest(JsonModel):
    """Description of a backup; ``secrets`` are names of what it lacks."""

    made: str
    database: str
    secrets: tuple[str, ...]


def back_up(settings: Settings, target: Path) -> str:
    """Write a backup of a server, running or not, and say what it lacks.

    The file is readable for this user only, and there once it is whole. Blocking. Raises :class:`BackupError`.
    """
    if target.exists():
        raise BackupError(f"{target} is there already: choose another name.")
    if not target.absolute().parent.is_dir():
        raise BackupError(f"There is no folder {target.absolute().parent}.")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.absolute().parent) as name:
        folder = Path(name)
        note = dump(settings.database, folder / _DATABASE)
        file = settings.data_dir / _SETTINGS
        kept = pick_shareable(_read_yaml(file.read_text()) if file.is_file() else {}, settings)
        (folder / _SETTINGS).write_text(yaml.safe_dump(kept, sort_keys=False))
        manifest = Manifest(
            made=time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
            database=sa.make_url(settings.database).get_backend_name(),
            secrets=list_secrets(settings),
        )
        (folder / _MANIFEST).write_text(manifest.model_dump_json())
        whole = folder / "whole.tar.gz"
        with whole.open("xb") as stream:
            with tarfile.open(fileobj=stream, mode="w:gz") as archive:
                for member in (_MANIFEST, _SETTINGS, _DATABASE):
                    archive.add(folder / member, arcname=member)
            stream.flush()
            os.fsync(stream.fileno())
        whole.chmod(0o600)
        whole.rename(target)
    return " ".join(filter(None, (f"Wrote {target}.", note, _tell_secrets(manifest))))


def restore(settings: Settings, source: Path) -> str:
    """Restore a backup into an empty data directory or database.

    Returns what is left to do. Blocking. Raises :class:`BackupError`.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data_dir) as name:
        folder = Path(name)
        manifest = _unpack(source, folder)
        kind = sa.make_url(settings.database).get_backend_name()
        if manifest.database != kind:
            raise BackupError(f"The backup is of {manifest.database}, but FORGEHAND_DATABASE_URL names {kind}.")
        load(settings.database, folder / _DATABASE)
        file = settings.data_dir / _SETTINGS
        if not file.exists():  # last, so that a refusal leaves nothing behind
            (folder / _SETTINGS).chmod(0o600)
            (folder / _SETTINGS).rename(file)
    return f"Restored what was there on {manifest.made}. {_tell_secrets(manifest)}"


def _unpack(source: Path, folder: Path) -> Manifest:
    """Unpack the members by their names, and no others."""
    try:
        with tarfile.open(source, "r:gz") as archive:
            for name in (_MANIFEST, _SETTINGS, _DATABASE):
                member = archive.extractfile(name)
                if member is None:
                    raise BackupError(f"In {source} the member {name} is no file: it is no backup of Forgehand.")
                with (folder / name).open("wb") as file:
                    shutil.copyfileobj(member, file)
    except (tarfile.TarError, KeyError, EOFError, zlib.error, OSError) as error:
        raise BackupError(f"{source} is no whole backup of Forgehand ({error}).") from None
    manifest = Manifest.load(folder / _MANIFEST)
    if manifest is None:
        raise BackupError(f"{source} is no backup that this Forgehand knows.")
    return manifest


def _read_yaml(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text)
    return found if isinstance(found, dict) else {}


def _tell_secrets(manifest: Manifest) -> str:
    if not manifest.secrets:
        return "It holds no secrets, and none were set."
    return f"It holds no secrets: keep these apart, and set them after a restore: {', '.join(manifest.secrets)}."
