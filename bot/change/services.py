"""What a workflow may use, put together once in :mod:`bot.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.context.index import Indexer
from bot.engine.port import Engine
from bot.git.mirrors import Mirrors
from bot.github.access import GitHubs
from bot.models.desk import ModelDesk
from bot.policy import PolicyLoader
from bot.sandbox.port import Sandbox
from bot.settings import Settings
from bot.store.store import Store
from bot.toolchains.port import Checks, Toolchain


@dataclass(frozen=True)
class Services:
    """Concrete parts behind small protocols; handlers and steps see nothing else."""

    settings: Settings
    store: Store
    github: GitHubs
    mirrors: Mirrors
    models: ModelDesk
    indexer: Indexer
    sandbox: Sandbox
    policies: PolicyLoader
    make_toolchain: Callable[[Checks, Path], Toolchain]
    engine: Engine

    @property
    def noreply_host(self) -> str:
        """Where GitHub's no-reply addresses live, which link a commit to our account."""
        return f"users.noreply.{urlsplit(self.settings.web_url).hostname}"
