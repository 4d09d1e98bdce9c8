"""The janitor beside tasks that begin while it looks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.upkeep.janitor import Janitor
from tests.dispatch.test_progress import Desk, desk

__all__ = ["desk"]


async def test_a_task_that_begins_during_the_sweep_keeps_its_folder(desk: Desk) -> None:
    services = desk.services
    left, begun = (services.settings.data_dir / "work" / name for name in ("ended", "begun"))
    left.mkdir(parents=True)

    def begin(*_: Any) -> None:
        if not begun.exists() and left.exists():
            Path(begun).mkdir()

    sa.event.listen(services.store.engine, "commit", begin)
    await Janitor(services).sweep()
    assert begun.exists()
    assert not left.exists()
