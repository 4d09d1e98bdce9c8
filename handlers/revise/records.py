"""What a revision's steps hand on: small frozen values that are stored as JSON and rendered into answers."""

from __future__ import annotations

from bot.change.records import Baseline, Brief, Failure, GateReport, Proof
from bot.types import JsonModel, Target


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


class Wanted(JsonModel):
    """The pull request as it was read, and what is asked of it.

    ``brief.base_sha`` is its head: that is what a revision builds on. ``merge_base`` is where it left the base branch;
    tests that exist there stay as they are. ``runs``: whether its code may be executed here. ``failed`` of the demands
    are failing checks. ``ours``: whether we opened it, ``unverified``: without a fix that was verified.
    """

    brief: Brief
    branch: str
    merge_base: str = ""
    diff: str = ""
    demands: tuple[Demand, ...] = ()
    from_fork: bool = False
    runs: bool = True
    failed: int = 0
    ours: bool = False
    unverified: bool = False


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


class Revised(JsonModel):
    """Everything an answer of ours may claim. ``answers`` are in the order of the demands."""

    task: RevisionTask
    wanted: Wanted
    baseline: Baseline | None = None
    proof: Proof | None = None
    report: GateReport | None = None
    reproof: Reproof | None = None
    answers: tuple[Answered, ...] = ()
    change: str = ""
    notes: tuple[str, ...] = ()
    dollars: float = 0.0
    calls: int = 0

    @property
    def publishable(self) -> bool:
        """All gates passed, and at least one demand is met by what would be published."""
        return self.report is not None and self.report.passed and any(answer.met for _, answer in self.results)

    @property
    def results(self) -> tuple[tuple[Demand, Answered], ...]:
        """What is told and counted: each demand with its answer. Beside others, words outside of threads that ask for
        nothing are left out; a thread always gets its answer."""
        pairs = tuple(zip(self.wanted.demands, self.answers, strict=False))
        return tuple(pair for pair in pairs if pair[0].root is not None or pair[1].asked) or pairs

    @property
    def unmet(self) -> tuple[str, ...]:
        """Why the demands that are not met are not, one line each."""
        return tuple(
            f"demand {number}: {answer.why}" for number, answer in enumerate(self.answers, 1) if not answer.met
        )


class Pushed(JsonModel):
    """Where the change went: the commit and the one it is ``onto``, or the number of suggestions that were posted."""

    sha: str | None = None
    onto: str | None = None
    suggestions: int = 0
