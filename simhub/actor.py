"""Actors and their permissions: an App's token, the role of a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simhub.errors import ApiError
from simhub.model import ROLES, Account, App, Installation, Repository, Token


@dataclass(frozen=True)
class Actor:
    """The account behind a request. ``kind`` is anonymous, user, installation, app (a JWT) or client (its secret)."""

    kind: str
    account: Account | None = None
    app: App | None = None
    token: Token | None = None

    @property
    def installation(self) -> Installation | None:
        return self.token.installation if self.token else None

    @property
    def user(self) -> Account:
        if self.account is None:
            raise ApiError(401, "Requires authentication")
        return self.account

    @property
    def acting_app(self) -> App | None:
        """Return the App named in ``performed_via_github_app``."""
        return self.app if self.kind == "installation" else None

    def sees(self, repository: Repository) -> bool:
        if not repository.private:
            return True
        if self.token:
            return self.token.covers(repository)
        return self.account is not None and repository.role_of(self.account) != "none"


_LEVELS = {"none": 0, "read": 1, "write": 2, "admin": 3}


def allows(granted: Mapping[str, str], needs: str) -> bool:
    """Return whether granted App permissions satisfy one alternative. metadata:read is always there."""
    if not needs:
        return True
    held = {"metadata": "read", **granted}
    return any(
        _LEVELS[held.get(name, "none")] >= _LEVELS[level]
        for name, level in (need.split(":") for need in needs.split("|"))
    )


def has_role(repository: Repository, account: Account, role: str) -> bool:
    return ROLES.index(repository.role_of(account)) >= ROLES.index(role)
