"""What people change at GitHub while work runs: a flow in a repository whose App or name is not what it was.

It is asked to describe a pull request. In the midst of it the App is suspended, loses a permission, or the repository
is renamed or goes to another owner; what can be undone is undone soon. Who asks again must get the description, once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from simhub.model import Installation
from tests.faults import flows
from tests.faults.flows import Flow
from tests.support.story import Story
from tests.support.typing import comment

CHANGES = ("suspended", "withdrawn", "renamed", "transferred")
_UNDONE_SECONDS = 4.0
_AGAIN_SECONDS = 12.0  # after the change, and between times that people ask again


@dataclass
class Changed(Flow):
    """``/describe``, and a change midway; ``change`` is one of ``CHANGES``."""

    change: str = ""
    _since: float = field(default=0.0)
    _asked_again: float = field(default=0.0)
    _undo: Callable[[], None] | None = None

    def hear(self) -> None:
        """Change what is to be changed, at the first question."""
        if not self._since:
            self._since = self._asked_again = time.monotonic()
            self._undo = _CHANGES[self.change](self.story, self._installation)

    async def go_on(self) -> None:
        """Undo the change, and ask again where nothing has come."""
        self.look()
        now = time.monotonic()
        if self._undo is not None and now - self._since > _UNDONE_SECONDS:
            self._undo()
            self._undo = None
        if self._since and not self.ended and now - self._asked_again > _AGAIN_SECONDS:
            self._asked_again = now
            await comment(self.story, self.number, "/describe")

    def _effects(self) -> dict[str, tuple[int, int]]:
        """Count descriptions alone: people asked more than once, and may have been told so."""
        return {"descriptions": super()._effects()["descriptions"]}

    @property
    def _installation(self) -> Installation:
        owner = self.story.repository.owner
        return next(each for each in self.story.hub.world.installations.values() if each.account is owner)


def make(servers: Sequence[Story], root: Path, name: str, number: int) -> Flow:
    """Prepare a flow of any kind; where its repository changes, it has an owner of its own, with the App."""
    if name not in CHANGES:
        return flows.make(servers, root, name, number)
    town, owner = servers[0], f"{name}-{number}"
    town.hub.create_user(owner)
    repository = town.hub.create_repository(f"{owner}/shop", source=flows.lay_manual(root))
    town.hub.set_permission(repository, town.maintainer.login, "admin")
    town.hub.install(town.app, owner=owner, repositories=[repository])
    return Changed("describe", replace(town, repository=repository), f"{owner}-cents", change=name)


def _suspend(story: Story, installation: Installation) -> Callable[[], None]:
    story.hub.suspend(installation)
    return lambda: story.hub.unsuspend(installation)


def _withdraw(story: Story, installation: Installation) -> Callable[[], None]:
    given = dict(installation.permissions)
    story.hub.accept_permissions(installation, given | {"pull_requests": "read", "issues": "read"})
    return lambda: story.hub.accept_permissions(installation, given)


def _rename(story: Story, _: Installation) -> None:
    story.hub.rename(story.repository, "boutique", story.maintainer.login)


def _transfer(story: Story, installation: Installation) -> None:
    """Give it to an owner who has the App too."""
    heir = f"{story.repository.owner.login}-heir"
    story.hub.create_user(heir)
    story.hub.install(story.app, owner=heir)
    installation.repositories.remove(story.repository)
    story.hub.transfer(story.repository, heir, story.maintainer.login)


_CHANGES: dict[str, Callable[[Story, Installation], Callable[[], None] | None]] = {
    "suspended": _suspend,
    "withdrawn": _withdraw,
    "renamed": _rename,
    "transferred": _transfer,
}
