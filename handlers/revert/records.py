"""Define the input and the evidence of a revert, stored as JSON."""

from __future__ import annotations

import re

from pydantic import Field

from bot.change.recipe import AnyEvidence
from bot.change.records import Brief, Evidence, Judgement
from bot.git.reverts import Landing, Reversal
from bot.work.origin import Request, TaskInput

_REVERT = re.compile(r'(?:Revert|Reapply) "(.+)"', re.DOTALL)
_HOW = {
    "merge": "merged as {}",
    "squash": "squashed into {}",
    "rebase": "rebased onto the branch as {}",
    "commit": "committed as {}",
}


class RevertInput(TaskInput):
    """Input of a revert."""

    reason: str = Field(default="", title="reason", description="why it is taken back; it is quoted")
    sha: str = Field(
        default="", title="sha", description="the commit to take back, where it is not the whole pull request"
    )


RevertTask = Request[RevertInput]


class RevertBrief(Brief):
    """Request to take something back, with what git makes of it."""

    landing: Landing | None = None
    reversal: Reversal = Reversal()
    branch: str = ""  # that was merged

    @property
    def known(self) -> Landing:
        """Return how it was merged, which is known once that is read."""
        assert self.landing is not None, "nothing is taken back before it was found"
        return self.landing

    @property
    def name(self) -> str:
        """Return what people call it."""
        return f"#{self.number}" if self.number is not None else f"`{self.known.last[:10]}`"

    @property
    def how(self) -> str:
        """Say how it came onto the branch, with its commits."""
        commits = self.known.commits
        named = ", ".join(f"`{sha[:10]}`" for sha in commits[:10])
        more = f" and {len(commits) - 10} more" if len(commits) > 10 else ""
        count = f"{len(commits)} commits, " if len(commits) > 1 else ""
        return _HOW[self.known.kind].format(f"{count}{named}{more}")

    @property
    def subject(self) -> str:
        """Return the title of the pull request that takes it back."""
        found = _REVERT.fullmatch(self.title)
        if found is None:
            return f'Revert "{self.title}"'
        return f'Reapply "{found[1]}"' if self.title.startswith("Revert") else f'Revert "{found[1]}"'


class RevertEvidence(Evidence[RevertTask, RevertBrief, Judgement]):
    """Evidence of a revert."""


def get_brief(evidence: AnyEvidence) -> RevertBrief:
    """Return the brief of a revert's evidence."""
    assert isinstance(evidence, RevertEvidence), "only a revert is told as one"
    return evidence.brief
