"""Define what the pipeline's steps pass on, stored as JSON and rendered as evidence."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

from pydantic import Field

from bot.git.changes import NO_CHANGES, Changes
from bot.toolchains.port import RaisedError, Verdict
from bot.types import JsonModel
from bot.work.assignment import RequestT
from bot.work.origin import Request
from bot.work.records import NO_COST, CommandRun, Cost, Reused, Try
from bot.work.results import PartName

ChangeTask = Request[Any]


class Comment(JsonModel):
    """One comment that was there, unedited, when the task was triggered."""

    author: str
    text: str


class PullEnds(JsonModel):
    """Both ends of the pull request that a change is made to."""

    branch: str
    from_fork: bool = False
    ours: bool = False  # this App opened it
    merge_base: str = ""  # where it left the base branch; known, as what follows, once it is fetched
    diff: str = ""  # what it changes so far, cut where long
    changed: tuple[str, ...] = ()


class Brief(JsonModel):
    """The cleaned request."""

    nonce: str  # delimits untrusted text in every prompt; random, so nobody can write it beforehand
    title: str
    body: str
    number: int | None = None  # of the issue or pull request, None for text that stands on neither
    asked: str = ""  # what was written behind the command
    comments: tuple[Comment, ...] = ()
    base_branch: str
    base_sha: str  # on which the change builds; of a pull request its head
    stop: str | None = None  # why there is nothing to do, in words
    pull: PullEnds | None = None

    def named_paths(self) -> tuple[str, ...]:
        """Return the files that the request names, as a check's log does."""
        return ()

    @property
    def runs(self) -> bool:
        """Return whether the code may be executed: that of a fork is not."""
        return self.pull is None or not self.pull.from_fork

    @property
    def trusted_sha(self) -> str:
        """Return the base branch's commit: its tests and guidelines hold."""
        return self.pull.merge_base if self.pull is not None else self.base_sha


class CodeLocation(JsonModel):
    """The probable place of the code: paths, windows, guidelines, tests."""

    files: tuple[str, ...]
    windows: str
    guidelines: tuple[tuple[str, str], ...] = ()
    tests: tuple[str, ...] = ()


class Baseline(JsonModel):
    """The tests before any change."""

    scope: str
    targets: tuple[str, ...]  # empty for the full suite
    command: str
    verdicts: dict[str, Verdict]
    seconds: float
    tier: str
    setup: tuple[CommandRun, ...] = ()
    reused: Reused | None = None  # ``setup`` ran for an earlier task
    unloaded: tuple[str, ...] = ()  # of ``verdicts``: no tests, but files that could not be loaded

    @property
    def whole(self) -> bool:
        """Return whether only the command's exit code counts."""
        return set(self.verdicts) == {self.command}

    def passing(self) -> frozenset[str]:
        return frozenset(name for name, verdict in self.verdicts.items() if verdict == "passed")


class Failure(JsonModel):
    """A failure of the proof on the base: test, phase and words."""

    test: str
    phase: str
    message: str
    raised: tuple[RaisedError, ...] = ()  # what ended it, then its causes; empty where the runner does not tell


class Trace(JsonModel):
    """A requirement and those of the proof's tests that show it."""

    requirement: str  # its id
    tests: tuple[str, ...]
    quote: str  # of their failures without the change
    why: str  # how this failure shows that the requirement is not met


class Proof(JsonModel):
    """A test that fails for the reported reason."""

    files: Changes  # all that belongs to it
    targets: tuple[str, ...]  # the test files among them
    tests: tuple[str, ...]  # the ids that fail
    failures: tuple[Failure, ...]
    runs: int
    reason: str  # who established that it is the reported one, and how
    command: str
    traces: tuple[Trace, ...] = ()  # of the requirements, where there are any


class Snapshot(JsonModel):
    """A tested tree on the way to the change, which becomes a commit."""

    subject: str
    changes: Changes  # since the base
    told: str  # what was run on it, and how that ended


class Gate(JsonModel):
    """One check by code after the edit; ``before``, ``after``: table cells."""

    name: str
    passed: bool
    before: str = ""
    after: str = ""
    detail: str = ""
    parts: dict[PartName, str] = Field(default={})  # what it tells of the change's five parts, in a sentence each


class Unrun(JsonModel):
    """Changed lines that no test ran, as far as they were counted."""

    lines: dict[str, tuple[int, ...]] = Field(default={})  # path to numbers from 1, in order
    reason: str = ""  # why nothing is known of them


class GateReport(JsonModel):
    """All gates on one tree."""

    base_sha: str
    changes: Changes  # what was really tested: existing tests are the base's
    gates: tuple[Gate, ...]
    diff: str = ""  # for people, cut where long
    tests: tuple[str, ...] = ()  # its files that are tests
    flaky: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # of the run with the change, for people
    dropped: tuple[str, ...] = ()  # what of the author's change is left out, as no gate let it pass, and why
    command: str
    seconds: float
    unrun: Unrun = Unrun()

    @property
    def passed(self) -> bool:
        return all(gate.passed for gate in self.gates)

    def failed(self) -> tuple[Gate, ...]:
        return tuple(gate for gate in self.gates if not gate.passed)

    def complaints(self) -> str:
        """Say what the gates that did not pass found."""
        return "\n\n".join(f"{gate.name}: {gate.after}\n{gate.detail}" for gate in self.failed())


class Claims(JsonModel):
    """The author's words on a change: cause, and what the code does now."""

    cause: str = ""
    change: str = ""


NO_CLAIMS = Claims()


class Judgement(JsonModel):
    """A second model's verdict on a change."""

    model: str  # "" where a program made the change and nobody was asked
    passed: bool
    objection: str = ""  # what the editor has to fix, "" where it passed
    supported: Claims = NO_CLAIMS  # the author's sentences that something shows; nothing else is published


BriefT = TypeVar("BriefT", bound=Brief)
JudgementT = TypeVar("JudgementT", bound=Judgement)


class Evidence(JsonModel, Generic[RequestT, BriefT, JudgementT]):
    """Everything a pull request or a comment of ours may claim."""

    task: RequestT
    brief: BriefT
    baseline: Baseline | None = None
    proof: Proof | None = None
    snapshots: tuple[Snapshot, ...] = ()  # before the tree of the report
    report: GateReport | None = None
    judgement: JudgementT | None = None
    made: Changes | None = None  # the whole change, where a program makes it and nobody edits
    renewed_paths: tuple[str, ...] = ()  # lock files in it that their own tool wrote
    objections: int = 0  # how often the judge objected
    claims: Claims = NO_CLAIMS  # the author's words before anybody judged them
    notes: tuple[str, ...] = ()
    unusable: bool = False  # the model's answers were at fault: other words in the request would not have helped
    tries: tuple[Try, ...] = ()  # that did not pass, whoever made them
    author: str = ""  # the model that wrote last
    cost: Cost = NO_COST

    @property
    def begun(self) -> Changes:
        """Return what was written before the edit and must not change."""
        return self.proof.files if self.proof is not None else NO_CHANGES

    @property
    def verified(self) -> bool:
        """Return whether all gates passed and the judge did not object."""
        gates = self.report is not None and self.report.passed
        return gates and self.judgement is not None and self.judgement.passed

    @property
    def cause(self) -> str:
        """Return the cause as far as the judge found it supported."""
        return self.judgement.supported.cause if self.judgement is not None else ""

    @property
    def change(self) -> str:
        """Return what the code does now, as far as the judge supports it."""
        return self.judgement.supported.change if self.judgement is not None else ""

    def updated(self, **fields: Any) -> Self:
        """Return the same evidence with other values in some fields."""
        return self.model_copy(update=fields)

    def noted(self, note: str) -> Self:
        """Return the same evidence with a note for people, unless it is empty."""
        return self.updated(notes=(*self.notes, note)) if note else self


class Publication(JsonModel):
    """The branch and pull request that were put on GitHub."""

    branch: str
    head_sha: str
    number: int
    url: str
    draft: bool
