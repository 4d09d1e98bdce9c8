"""Hold what a workflow may use, put together once in :mod:`bot.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bot.context.index import Indexer
from bot.engine.port import Engine
from bot.git.mirrors import Mirrors
from bot.github.api.access import GitHubs
from bot.github.text.outgoing import outgoing
from bot.models.gateway import ModelGateway
from bot.policy import PolicyLoader
from bot.rates import Rates
from bot.sandbox.port import Sandbox
from bot.settings import Checks, Settings
from bot.store.lease import Turns
from bot.store.store import Store
from bot.toolchains.repository import RepositoryToolchain


@dataclass(frozen=True)
class Services:
    """The concrete parts that handlers and steps see, and no others."""

    settings: Settings
    store: Store
    github: GitHubs
    mirrors: Mirrors
    models: ModelGateway
    indexer: Indexer
    sandbox: Sandbox
    policies: PolicyLoader
    make_toolchain: Callable[[Checks, Path], RepositoryToolchain]
    engine: Engine
    rates: Rates = field(default_factory=Rates)

    @cached_property
    def turns(self) -> Turns:
        """Return the turns at effects that are looked for before they are made."""
        return Turns(self.store)

    def outgoing(self, text: str, *, closes: int | None = None) -> str:
        """Return a body to post: secrets redacted, everything foreign defused."""
        pages = self.settings.find_page("")
        links = (self.settings.web_url + "/", *([pages] if pages else []))
        return outgoing(text, closes=closes, links=links, secrets=self.settings.secrets)
