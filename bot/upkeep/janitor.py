"""Remove files of ended tasks and killed processes: disk is no state."""

from __future__ import annotations

import asyncio

from bot.sandbox import processes
from bot.store import tasks
from bot.toolchains.workspace import remove_tree
from bot.upkeep.shelves import trim_shelves
from bot.work.environments import FOLDER
from bot.work.services import Services

_EVERY = 60.0
_GB = 1024**3


class Janitor:
    """The loop that cleans up; it runs until cancelled."""

    def __init__(self, services: Services) -> None:
        self._store = services.store
        settings = services.settings
        self._folder = settings.data_dir / "work"
        self._shelves = settings.data_dir / FOLDER
        self._most = int(settings.environments_gb * _GB)

    async def run(self) -> None:
        """Sweep once a minute."""
        while True:
            await self.sweep()
            await asyncio.sleep(_EVERY)

    async def sweep(self) -> None:
        """Kill stray sandboxes; remove what ended tasks and old environments left."""
        # bubblewrap dies with its parent, except in the moment before it has asked the kernel for that.
        orphans = await asyncio.to_thread(processes.find_orphans, "bwrap", self._folder)
        await asyncio.to_thread(processes.kill, orphans)
        # Folders first: one that is made while the database answers belongs to a task that began meanwhile.
        folders = await asyncio.to_thread(lambda: [path for path in self._folder.glob("*") if path.is_dir()])
        active = await self._store.run(tasks.list_active_ids)
        for folder in folders:
            if folder.name not in active:
                await asyncio.to_thread(remove_tree, folder)
        await asyncio.to_thread(trim_shelves, self._shelves, self._most)
