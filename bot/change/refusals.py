"""Say why a finished change could not be published, and what a maintainer can change about it."""

from __future__ import annotations

from bot.change.approvals import PushClosed
from bot.git.errors import AccessRefused, NonFastForward, PushRefused, ReadOnly
from bot.github.api.errors import Forbidden, Invalid, Locked, NotFound
from bot.toolchains.port import ToolchainError
from bot.types import ForgehandError, JsonModel

_RULES = (
    "A rule of the repository refuses it. Let the App bypass that rule (Settings, Rules), or fit the rule: `publish` "
    "in `.github/forgehand.yml` sets the branch's prefix, a sign-off and commits that GitHub signs."
)
_ACCESS = "Give the App write access to contents and pull requests of this repository."
_ADVICE = {
    "ruleset": _RULES,
    "protected": "The branch is protected. Let the App write it, or set another `publish.prefix`.",
    "workflows": "It touches `.github/workflows`, which needs the App's permission to write workflows.",
    "policy": "A check of the git server refuses it; its administrator knows why.",
    "name": "Delete or rename that branch, or set another `publish.prefix` in `.github/forgehand.yml`.",
}
_ADVICE_BY_ERROR: tuple[tuple[type[ForgehandError], str], ...] = (
    (ReadOnly, "The repository is archived; unarchive it first."),
    (NonFastForward, "Somebody else made or moved the branch; delete it and it will be created again."),
    (Locked, "Unlock the conversation."),
    (Forbidden, _ACCESS),
    (AccessRefused, _ACCESS),
    (NotFound, "Look whether the repository, its default branch and the App's installation are still there."),
    (Invalid, _RULES),
    (PushClosed, "Whoever keeps the organisation's file can open that again."),
    (ToolchainError, "See that the base branch can be installed and tested as it is now."),
)


class Refusal(JsonModel):
    """A failure to publish: GitHub's ``reason``, ``advice`` how to change it."""

    reason: str
    advice: str


def explain(error: ForgehandError) -> Refusal:
    """Explain an error of publishing to the people of the repository."""
    return Refusal(reason=error.message, advice=_advice(error))


def _advice(error: ForgehandError) -> str:
    if isinstance(error, PushRefused):
        return _ADVICE.get(str(error.detail("reason")), _RULES)
    fitting = (advice for kind, advice in _ADVICE_BY_ERROR if isinstance(error, kind))
    return next(fitting, "This may be temporary; the server's log says more.")
