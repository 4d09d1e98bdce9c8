"""Export the audit trail for whoever runs the server."""

from __future__ import annotations

import json
from collections.abc import Callable

from bot.doors.operating import opened_store
from bot.settings import Settings
from bot.store.trail import TrailFilter, read_trail


def export(settings: Settings, wanted: TrailFilter, write: Callable[[str], object]) -> bool:
    """Write each row as a line of JSON, oldest first."""
    with opened_store(settings) as store:
        for row in read_trail(store, wanted):
            write(json.dumps(row, ensure_ascii=False))
    return True
