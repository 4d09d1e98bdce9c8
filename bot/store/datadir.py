"""Prepare the data directory: private, writable, with room left."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from bot.settings_sources import SettingsError

_LEAST_FREE = 100 * 1024 * 1024  # bytes; below it neither a clone nor a delivery may find room


def prepare(folder: Path) -> None:
    """Create a directory for this user only; raises SettingsError. Blocks."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
    except OSError as error:
        raise SettingsError(
            f"The data directory {folder} cannot be written ({error.strerror}). "
            "Make it writable for this user and free some space, or set FORGEHAND_DATA_DIR."
        ) from None


def has_room(folder: Path) -> bool:
    """Return True if there is enough space left to go on working."""
    return shutil.disk_usage(folder).free >= _LEAST_FREE
