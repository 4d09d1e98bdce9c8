"""Judge what GitHub brings back to the set-up: a state that was made here, for this session, and is good once.

Nothing here asks anybody. Where requests go is read from the state that is kept, never from what was brought.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Literal

from bot.store.onboarding import Action, SetupState
from bot.types import ForgehandError, JsonModel

STATE_MS = 3_600_000  # GitHub converts a manifest's code for an hour
_CODE = re.compile(r"[A-Za-z0-9_-]{1,200}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_AGAIN = "Go back to the set-up and begin this step again; nothing was stored."


class CallbackRefused(ForgehandError):
    """A callback that nobody asked for in this session, or not any more."""


class Installed(JsonModel):
    """Claim about an installation, to be confirmed by asking GitHub.

    ``installation`` None: a member asked an owner of the organisation, who has not answered.
    """

    action: Literal["install", "update", "request"]
    installation: int | None


def new_state() -> str:
    """Return a state of 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(text: str) -> str:
    """Return what is kept of a state or a code."""
    return hashlib.sha256(text.encode()).hexdigest()


def require(state: SetupState | None, session: str, action: Action, now: int) -> SetupState:
    """Return a state that was taken, if it is what this callback needs.

    Raises :class:`CallbackRefused`.
    """
    if state is None:
        raise CallbackRefused(f"This callback is unknown, or was used already. {_AGAIN}")
    if state.session != session:
        raise CallbackRefused(f"This callback belongs to another session. {_AGAIN}")
    if state.action != action:
        raise CallbackRefused(f"This callback belongs to another step. {_AGAIN}")
    if state.expires <= now:
        raise CallbackRefused(f"This callback came too late. {_AGAIN}")
    return state


def read_code(query: Mapping[str, str]) -> str:
    """Return the code of a manifest. Raises :class:`CallbackRefused`."""
    code = query.get("code", "")
    if not _CODE.fullmatch(code):
        raise CallbackRefused(f"GitHub brought no code back. {_AGAIN}")
    return code


def read_installed(query: Mapping[str, str]) -> Installed:
    """Return what was done with the App. Raises :class:`CallbackRefused`."""
    action, number = query.get("setup_action", ""), query.get("installation_id", "")
    if action == "request":
        return Installed(action="request", installation=None)
    if action not in ("install", "update"):
        raise CallbackRefused(f"This is no answer of GitHub's that this server knows. {_AGAIN}")
    if not _NUMBER.fullmatch(number):
        raise CallbackRefused(f"GitHub named no installation. {_AGAIN}")
    return Installed.model_validate({"action": action, "installation": int(number)})
