"""Define what a revision's steps hand on, stored as JSON."""

from __future__ import annotations

import re

from pydantic import Field

from bot.change.recipe import Job, Rules
from bot.change.records import Brief, Evidence, Failure, Judgement
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput

_PATH = re.compile(r"[\w./-]{1,200}\.\w{1,4}\b")


class Demand(JsonModel):
    """Thing that somebody asks of a pull request's code."""

    author: str
    text: str
    path: str | None = None  # what it is about, where known, as ``line`` and ``hunk``
    line: int | None = None
    hunk: str = ""
    thread: str | None = None  # the review thread's GraphQL id
    root: int | None = None  # its first comment's id: there it is answered

    @property
    def place(self) -> str:
        """Return ``path:line`` as far as known; "" for the pull request."""
        return f"{self.path}:{self.line}" if self.path and self.line else self.path or ""


class ReviseInput(TaskInput):
    """Input of a revision."""

    text: str = Field(title="what to change", description="the change that is wanted, in plain words")
    findings: bool = Field(default=False, description="also fix the open findings of earlier reviews")
    checks: bool = Field(default=False, description="also fix the failing checks of the head")
    reviewer: str | None = Field(default=None, description="also do what this account says in open review threads")


class RevisionTask(Request[ReviseInput]):
    """Revision as it was asked for."""

    @property
    def demands(self) -> tuple[Demand, ...]:
        """Return the demand typed; in a thread its words may be missing."""
        lines = self.subject.lines
        root = self.origin.reply.root if self.origin.reply is not None else None
        if not self.input.text.strip() and root is None:
            return ()
        demand = Demand(
            author=self.actor.login,
            text=self.input.text,
            path=lines.path if lines else None,
            line=lines.line if lines else None,
            hunk=lines.hunk if lines else "",
            root=root,
        )
        return (demand,)

    @property
    def reviewer(self) -> str | None:
        """Return whose open review threads are demands."""
        return self.input.reviewer

    @property
    def findings(self) -> bool:
        """Return whether our open findings are demands."""
        return self.input.findings

    @property
    def checks(self) -> bool:
        """Return whether failing checks of the head are demands."""
        return self.input.checks

    @property
    def healing(self) -> bool:
        """Return whether nobody asked: a check of the head failed."""
        return self.checks and not (self.demands or self.reviewer or self.findings)


class RevisionBrief(Brief):
    """Pull request and what is asked of it; ``base_sha`` is its head."""

    demands: tuple[Demand, ...] = ()
    failed: int = 0  # how many of the demands are failing checks
    unverified: bool = False  # we opened it, without a fix that was verified

    def named_paths(self) -> tuple[str, ...]:
        return tuple(path for demand in self.demands for path in _PATH.findall(demand.text))


class DemandAnswer(JsonModel):
    """Second model's word on one demand."""

    met: bool
    why: str  # one sentence
    asked: bool = True  # False: words that want nothing of the code, as "two things before I merge"


class Reproof(JsonModel):
    """Result of the tests that a pull request of ours adds, after a revision."""

    size: str  # of the whole change
    failures: tuple[Failure, ...] = ()  # tests that fail without the pull request's change and pass with it
    runs: int = 0  # each of them, so often
    problem: str = ""  # why there are none


class Answers(Judgement):
    """Second model's answers by demand; ``passed`` where none is unmet."""

    answers: tuple[DemandAnswer, ...] = ()


RevisionJob = Job[RevisionTask]
RevisionEvidence = Evidence[RevisionTask, RevisionBrief, Answers]


def pair_answers(evidence: RevisionEvidence) -> tuple[tuple[Demand, DemandAnswer], ...]:
    """Pair each demand with its answer, as told and counted.

    Beside others, words outside of threads that ask for nothing are left out; a thread always gets its answer.
    """
    answers = evidence.judgement.answers if evidence.judgement is not None else ()
    pairs = tuple(zip(evidence.brief.demands, answers, strict=False))
    return tuple(pair for pair in pairs if pair[0].root is not None or pair[1].asked) or pairs


def is_publishable(rules: Rules, evidence: RevisionEvidence) -> bool:
    """Return whether all gates passed and at least one demand is met."""
    gates = evidence.report is not None and evidence.report.passed
    return gates and any(answer.met for _, answer in pair_answers(evidence))


class PublishedRevision(JsonModel):
    """Place of the change, a commit or suggestions, ``onto`` a commit."""

    sha: str | None = None
    onto: str | None = None
    suggestions: int = 0
