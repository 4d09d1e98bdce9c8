"""Keep accounts: people, organisations and bots."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Account:
    """A person, an organisation or an App's bot. ``token`` is a personal access token, empty for bots."""

    id: int
    login: str
    type: str = "User"
    name: str | None = None
    email: str | None = None
    token: str = field(default="", repr=False)
    owners: set[int] = field(default_factory=set)  # ids of those who own an organisation
