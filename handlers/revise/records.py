"""Define what a revision's steps hand on, stored as JSON and rendered into answers."""

from __future__ import annotations

import re

from bot.change.recipe import Job, Rules
from bot.change.records import Brief, Evidence, Failure, Judgement
from bot.types import JsonModel, Target

_PATH = re.compile(r"[\w./-]{1,200}\.\w{1,4}\b")


class Demand(JsonModel):
    """One thing that somebody asks of a pull request's code.

    ``path``, ``line`` and ``hunk`` say what it is about, where that is known. ``thread`` is the review thread's GraphQL
    id and ``root`` its first comment's id: there it is answered.
    """

    author: str
    text: str
    path: str | None = None
    line: int | None = None
    hunk: str = ""
    thread: str | None = None
    root: int | None = None

    @property
    def place(self) -> str:
        """``path:line``, as far as it is known; "" for the pull request as a whole."""
        return f"{self.path}:{self.line}" if self.path and self.line else self.path or ""


class RevisionTask(Target):
    """What is to be changed in a pull request.

    ``demands`` are those that the delivery holds; one in a thread may leave the words to what the thread says. What
    ``reviewer`` says last in open review threads is asked as well; so are, where they are named, our own open
    ``findings`` and what made ``checks`` of the head fail. ``triggered``: when (ISO 8601, GitHub's clock).
    """

    triggered: str
    demands: tuple[Demand, ...] = ()
    reviewer: str | None = None
    findings: bool = False
    checks: bool = False

    @property
    def healing(self) -> bool:
        """Nobody asked: a check of the head failed."""
        return self.checks and not (self.demands or self.reviewer or self.findings)


class Wanted(Brief):
    """A pull request and what is asked of it; ``brief.base_sha`` is its head, on which a revision builds.

    ``failed`` of the demands are failing checks. ``unverified``: we opened it, without a fix that was verified.
    """

    demands: tuple[Demand, ...] = ()
    failed: int = 0
    unverified: bool = False

    def named_paths(self) -> tuple[str, ...]:
        return tuple(path for demand in self.demands for path in _PATH.findall(demand.text))


class Answered(JsonModel):
    """What a second model, shown the change, says of one demand. ``why`` is one sentence.

    Not ``asked`` are words that want nothing of the code, such as "two things before I merge".
    """

    met: bool
    why: str
    asked: bool = True


class Reproof(JsonModel):
    """What the tests that a pull request of ours adds show after a revision.

    ``failures`` are those of the tests that fail without the pull request's change and pass with it, in ``runs`` runs
    each; ``problem`` says why there are none. ``size`` is that of the whole change.
    """

    size: str
    failures: tuple[Failure, ...] = ()
    runs: int = 0
    problem: str = ""


class Answers(Judgement):
    """A second model's answers, in the order of the demands; ``passed`` where none is left unmet."""

    answers: tuple[Answered, ...] = ()


RevisionJob = Job[RevisionTask]
Revised = Evidence[RevisionTask, Wanted, Answers]


def results(evidence: Revised) -> tuple[tuple[Demand, Answered], ...]:
    """Pair each demand with its answer, as told and counted.

    Beside others, words outside of threads that ask for nothing are left out; a thread always gets its answer.
    """
    answers = evidence.judgement.answers if evidence.judgement is not None else ()
    pairs = tuple(zip(evidence.brief.demands, answers, strict=False))
    return tuple(pair for pair in pairs if pair[0].root is not None or pair[1].asked) or pairs


def publishable(rules: Rules, evidence: Revised) -> bool:
    """Return whether all gates passed and at least one demand is met by what would be published."""
    gates = evidence.report is not None and evidence.report.passed
    return gates and any(answer.met for _, answer in results(evidence))


class Pushed(JsonModel):
    """Where the change went: the commit and the one it is ``onto``, or the number of suggestions that were posted."""

    sha: str | None = None
    onto: str | None = None
    suggestions: int = 0
