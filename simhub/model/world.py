"""Keep everything that exists, with look-ups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from simhub.model.accounts import Account
from simhub.model.apps import App, Installation, Token
from simhub.model.repositories import Repository


@dataclass(eq=False)
class World:
    """Everything that exists, with look-ups. Names compare without case, as on GitHub.

    ``verified`` holds the commits that GitHub signed for a bot.
    """

    clock: Callable[[], float]
    accounts: dict[str, Account] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    moved: dict[str, Repository] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    user_tokens: dict[str, Account] = field(default_factory=dict)
    app_tokens: dict[str, App] = field(default_factory=dict)  # which App each person's ``ghu_`` token was made for
    last_id: int = 3_000_000_000
    actions: App | None = None
    verified: set[str] = field(default_factory=set)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def account(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def repository(self, full_name: str) -> Repository | None:
        return self.repositories.get(full_name.lower())

    def repository_by_id(self, number: int) -> Repository | None:
        return next((r for r in self.repositories.values() if r.id == number), None)

    def installation_of(self, app: App, repository: Repository) -> Installation | None:
        found = (i for i in self.installations.values() if i.app is app and i.covers(repository) and not i.deleted)
        return next(found, None)
