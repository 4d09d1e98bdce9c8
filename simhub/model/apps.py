"""Keep Apps, where they are installed, and how their owners get in."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from simhub.model.accounts import Account

if TYPE_CHECKING:
    from simhub.model.repositories import Repository


@dataclass(eq=False)
class App:
    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    created_at: datetime
    webhook_url: str | None = None
    webhook_secret: str = field(default="", repr=False)
    hook_id: int = 0
    permissions: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    external_url: str = "https://example.org/"
    description: str = ""
    callback_urls: list[str] = field(default_factory=list)  # where sign-ins may lead back to; empty: anywhere
    setup_url: str = ""  # where an installation leads back to


@dataclass(eq=False)
class AppCredentials:
    """The keys that an App's owner is given once: everything its bot needs. ``webhook_url`` may be set at any time."""

    app_id: int
    slug: str
    private_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    bot_login: str
    bot_id: int
    app: App

    @property
    def webhook_url(self) -> str | None:
        return self.app.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.app.webhook_url = url


@dataclass(eq=False)
class Installation:
    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    events: list[str]
    created_at: datetime
    updated_at: datetime
    all_repositories: bool = False
    repositories: list[Repository] = field(default_factory=list)
    suspended_at: datetime | None = None
    suspended_by: Account | None = None
    deleted: bool = False

    def covers(self, repository: Repository) -> bool:
        if self.all_repositories:
            return repository.owner is self.account
        return repository in self.repositories


@dataclass(eq=False)
class Token:
    """An installation access token. ``repositories`` is None where it reaches all of its installation."""

    value: str = field(repr=False)
    installation: Installation
    permissions: dict[str, str]
    repositories: list[Repository] | None
    created: float
    expires: float
    revoked: bool = False

    def covers(self, repository: Repository) -> bool:
        if not self.installation.covers(repository):
            return False
        return self.repositories is None or repository in self.repositories


@dataclass(frozen=True)
class SignIn:
    """An authorisation code that waits to be exchanged."""

    client_id: str
    user: Account
    redirect_uri: str
    challenge: str
    until: float


@dataclass(frozen=True)
class Conversion:
    """A freshly registered App that waits for its conversion."""

    credentials: AppCredentials
    until: float
