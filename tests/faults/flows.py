"""The work that is disturbed: each flow in a repository of its own, begun by people, judged by what GitHub holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

from bot.github.text.markers import markers_in
from simhub.model import Pull
from tests.e2e.answers import BODY, TITLE
from tests.e2e.scenes import POLICY, SAMPLE, branches, git, place
from tests.faults.answers import BUGGY, PRICES, QUESTION
from tests.support.pulls import propose, runs
from tests.support.story import Story
from tests.support.typing import comment

MANUAL = "review: { on: [] }\n"
FLOWS = ("fix", "review", "ask", "describe", "improve")


@dataclass
class Flow:
    """One flow under way. ``number`` is the issue or pull request that people look at."""

    name: str
    story: Story
    number: int = 0
    begun_revising: bool = field(default=False)

    async def begin(self) -> None:
        """Do what people do to begin it."""
        if self.name == "fix":
            self.number = await self.story.file(TITLE, BODY)
            return
        self.number = await propose(self.story, {PRICES: BUGGY}, body="Reads cents.")
        if self.name != "review":
            text = f"/ask {QUESTION}?" if self.name == "ask" else f"/{self.name}"
            await comment(self.story, self.number, text)

    async def go_on(self) -> None:
        """Ask for a change of the fix, once there is one."""
        if self.name != "fix" or self.begun_revising or not self._said(self.number, "status", "Done."):
            return
        (pull,) = self.story.repository.pulls
        self.begun_revising = True
        remarks = [{"path": PRICES, "line": 7, "body": "Give the 100 a name."}]
        data = {"event": "REQUEST_CHANGES", "body": "Nearly.", "commit_id": pull.head_sha, "comments": remarks}
        await self.story.request("POST", f"/pulls/{pull.number}/reviews", data)

    @property
    def ended(self) -> bool:
        """Return True once people see everything that the flow is for."""
        return all(count >= wanted for count, wanted in self._effects().values())

    @property
    def begun(self) -> bool:
        """Return True if people see anything of it."""
        return any(True for _ in self._ours()) or any(count for count, _ in self._effects().values())

    def missing(self) -> str:
        seen = [f"{name} {count} of {wanted}" for name, (count, wanted) in self._effects().items() if count < wanted]
        said = [body.splitlines()[0][:200] for body in self._ours()]
        return f"{self.story.repository.full_name}#{self.number}: {', '.join(seen)}; said: {said}"

    def doubles(self) -> list[str]:
        """List what people see more than once."""
        effects = [
            f"{name}: {count} instead of {wanted}"
            for name, (count, wanted) in self._effects().items()
            if count > wanted
        ]
        told = Counter((marker.task, marker.part) for body in self._ours() for marker in markers_in(body))
        words = [f"{part} of {task}: {count} times" for (task, part), count in told.items() if count > 1]
        return [f"{self.story.repository.full_name}: {each}" for each in effects + words]

    def _effects(self) -> dict[str, tuple[int, int]]:
        """Count the effects, each with how many there must be."""
        count: Callable[[], dict[str, tuple[int, int]]] = getattr(self, f"_count_{self.name}")
        return count()

    def _count_fix(self) -> dict[str, tuple[int, int]]:
        pulls = self.story.repository.pulls
        first = {
            "pull requests": (len(pulls), 1),
            "branches": (len(branches(self.story)), 2),
            "ends": (self._said(self.number, "status", "Done."), 1),
            "last words": (self._said(self.number, "final"), 1),
        }
        if len(pulls) != 1:
            return first | {"revisions": (0, 1)}
        (pull,) = pulls
        replies = [len(thread.comments) - 1 for thread in pull.threads]
        commits = int(git(self.story, "rev-list", "--count", f"main..{pull.head_ref}"))
        return first | {
            "commits": (commits, 2),
            "answers in the thread": (sum(replies), 1),
            "last words on the revision": (self._said(pull.number, "final"), 1),
        }

    def _count_review(self) -> dict[str, tuple[int, int]]:
        pull = self._pull()
        shown = runs(self.story, self.number)
        return {
            "reviews": (len(self._reviews(pull)), 1),
            "remarks": (len(pull.review_comments), 1),
            "ended checks": (sum(run.status == "completed" for run in shown), 1),
            "checks": (len(shown), 1),
            "summaries": (self._said(self.number, "status", "I read"), 1),
        }

    def _count_ask(self) -> dict[str, tuple[int, int]]:
        return {"answers": (self._said(self.number, "final") + self._said(self.number, "status"), 1)}

    def _count_describe(self) -> dict[str, tuple[int, int]]:
        text = self.story.repository.issues[self.number].body or ""
        return {"descriptions": (text.count("<!-- forgehand describe -->"), 1), "words": self._count_ask()["answers"]}

    def _count_improve(self) -> dict[str, tuple[int, int]]:
        pull = self._pull()
        return {"reviews": (len(self._reviews(pull)), 1), "suggestions": (len(pull.review_comments), 1)}

    def _pull(self) -> Pull:
        pull = self.story.repository.issues[self.number].pull
        assert pull is not None
        return pull

    def _reviews(self, pull: Pull) -> list[object]:
        return [review for review in pull.reviews if review.user.id == self.story.app.bot_id]

    def _ours(self) -> Iterator[str]:
        for issue in self.story.repository.issues.values():
            said = [*issue.comments, *(issue.pull.review_comments if issue.pull else ())]
            yield from (each.body for each in said if each.user.id == self.story.app.bot_id)

    def _said(self, number: int, part: str, start: str = "") -> int:
        return sum(text.startswith(start) for text in self.story.shown(number, part))


def make(town: Story, root: Path) -> list[Flow]:
    """Prepare a repository for each flow; nobody has asked for anything yet."""
    manual = copytree(SAMPLE, root / "manual")
    (manual / POLICY).parent.mkdir()
    (manual / POLICY).write_text(MANUAL)
    return [Flow(name, place(town, name, SAMPLE if name == "review" else manual)) for name in FLOWS]
