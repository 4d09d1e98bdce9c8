"""The work that is disturbed: each flow in a repository of its own, begun by people, judged by what GitHub holds."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree

from bot.github.resources.manifest import load_manifest
from bot.github.text.markers import markers_in
from simhub.model import Pull
from tests.e2e.answers import BODY, TITLE
from tests.e2e.healing import BROKEN, CODE, enable, lay
from tests.e2e.scenes import POLICY, SAMPLE, branches, git, place
from tests.faults.answers import BUGGY, PRICES, QUESTION
from tests.support import shelves
from tests.support.pulls import propose, push, runs
from tests.support.story import Story
from tests.support.typing import comment

MANUAL = "review: { on: [] }\n"
HEALING = "review: { on: [] }\nincidents: { heal: act }\n"
FLOWS = ("fix", "heal", "review", "ask", "describe", "improve")
SHORT = ("fix", "review", "ask", "describe")
_FAILED = re.compile(r"(Failed|Stopped)\b")
LATER = ("heal", "fix", "review", "review", "ask", "ask", "describe", "describe", "improve", "improve")


@dataclass
class Flow:
    """One flow under way. ``number`` is the issue or pull request that people look at.

    ``word`` is in every question that a model is asked for it.
    """

    name: str
    story: Story
    word: str = ""
    number: int = 0
    begun_revising: bool = field(default=False)
    excused: bool = field(default=False)  # from its end, not from words on it
    ended: bool = field(default=False)

    async def begin(self) -> None:
        """Do what people do to begin it."""
        if self.name == "heal":
            enable(self.story)
            await push(self.story, "main", {CODE: BROKEN}, message=self.word)
            return
        if self.name == "fix":
            self.number = await self.story.file(f"{TITLE} in {self.word}", BODY)
            return
        self.number = await propose(self.story, {PRICES: BUGGY}, title=f"Change {self.word}", body="Reads cents.")
        if self.name != "review":
            text = f"/ask {QUESTION}?" if self.name == "ask" else f"/{self.name}"
            await comment(self.story, self.number, text)

    async def go_on(self) -> None:
        """Look whether it has ended, and ask for a change of the fix once there is one."""
        self.look()
        if self.name != "fix" or self.begun_revising or not self._said(self.number, "status", "Done."):
            return
        (pull,) = self.story.repository.pulls
        self.begun_revising = True
        remarks = [{"path": PRICES, "line": 7, "body": "Give the 100 a name."}]
        data = {"event": "REQUEST_CHANGES", "body": "Nearly.", "commit_id": pull.head_sha, "comments": remarks}
        await self.story.request("POST", f"/pulls/{pull.number}/reviews", data)

    def hear(self) -> None:
        """Hear that the model was asked something new for it."""

    def look(self) -> None:
        """See whether it has ended: people see everything that it is for."""
        if not self.ended and self._may_have_ended:
            seen = all(count >= wanted for count, wanted in self._effects().values())
            self.ended = seen or (self.excused and self._is_told)

    @property
    def _may_have_ended(self) -> bool:
        """Return False while asking git would be in vain."""
        if self.excused or self.name not in {"fix", "heal"}:
            return True
        pulls = self.story.repository.pulls
        return any(self.name == "heal" or self._said(pull.number, "final") for pull in pulls)

    @property
    def _is_told(self) -> bool:
        """Return True if people were told that it failed."""
        return any(_FAILED.match(body) for body in self._ours())

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

    def _count_heal(self) -> dict[str, tuple[int, int]]:
        pulls = self.story.repository.pulls
        commits = [int(git(self.story, "rev-list", "--count", f"main..{pull.head_ref}")) for pull in pulls]
        wanted = {"pull requests": (len(pulls), 1), "branches": (len(branches(self.story)), 2)}
        return wanted | {"commits": (sum(commits), 1)}

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


@dataclass
class Stream:
    """Flows that follow one another, so that there is always something to disturb.

    First come those that are wanted; then ``chance`` says which comes next.
    """

    servers: Sequence[Story]
    root: Path
    chance: random.Random
    make: Callable[[Sequence[Story], Path, str, int], Flow]
    wanted: list[str] = field(default_factory=list)
    later: Sequence[str] = LATER
    begun: list[Flow] = field(default_factory=list)

    async def begin(self, names: Sequence[str]) -> None:
        """Begin flows, each in a repository of its own."""
        for name in names:
            flow = self.make(self.servers, self.root, name, len(self.begun))
            await flow.begin()
            self.begun.append(flow)

    async def follow(self, width: int) -> None:
        """Do what people do next, and begin others while fewer are under way: first the wanted, then any."""
        for flow in self.open:
            await flow.go_on()
        if len(self.open) < width:
            await self.begin([self.wanted.pop(0) if self.wanted else self.chance.choice(self.later)])

    @property
    def open(self) -> list[Flow]:
        """List what has not ended."""
        return [flow for flow in self.begun if not flow.ended]

    def excuse(self) -> None:
        """Let what is under way end in words instead."""
        for flow in self.open:
            flow.excused = True


def may_heal(town: Story) -> None:
    """Have GitHub send what healing listens to."""
    town.app.app.events = load_manifest().event_names(["ci"])


def make(servers: Sequence[Story], root: Path, name: str, number: int) -> Flow:
    """Prepare a repository for a flow; nobody has asked for anything yet."""
    source = SAMPLE if name == "review" else lay_manual(root)
    if name == "heal":
        source = lay(root / "healing", {POLICY: HEALING})
    story = place(servers[0], f"{name}-{number}", source)
    for server in servers:
        shelves.lend(server.root / "data", story.repository.id)
    return Flow(name, story, f"{name}-{number}-cents")


def lay_manual(root: Path) -> Path:
    """Lay a repository in which nothing begins by itself."""
    source = root / "manual"
    if not source.exists():
        copytree(SAMPLE, source)
        (source / POLICY).parent.mkdir()
        (source / POLICY).write_text(MANUAL)
    return source
