"""Decide whether a GitHub account may do something in a repository."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, NamedTuple

from bot.github.resources.permissions import Role
from bot.types import Actor

Level = Literal["read", "triage", "write", "maintain", "admin"]


class Decision(NamedTuple):
    """A decision and its reason: one sentence for person and audit log."""

    allowed: bool
    reason: str


def may(actor: Actor, role: Role | None, level: Level, trusted_bots: Collection[str]) -> Decision:
    """Decide whether an actor who holds ``role`` has permission ``level``.

    ``role`` is None where GitHub knows none. Bots need no role but a place in ``trusted_bots``.
    """
    name = actor.login.removesuffix("[bot]")
    if actor.type == "Bot" or actor.login.endswith("[bot]"):
        trusted = {bot.removesuffix("[bot]").casefold() for bot in trusted_bots}
        if name.casefold() in trusted:
            return Decision(True, f"@{name} is a bot this server trusts.")
        return Decision(False, f"`{actor.login}` is a bot this server does not trust (`trusted_bots`).")
    if actor.type != "User":
        return Decision(False, f"`{actor.login}` is not a person's account.")
    if role is None:
        return Decision(False, f"@{name} has no permission in this repository; this needs {level} permission.")
    if role.at_least(level):
        return Decision(True, f"@{name} has {role.name} permission; {level} is needed.")
    return Decision(False, f"@{name} has {role.name} permission here; this needs {level} permission.")
