"""Define the values that a review's steps pass on, stored as JSON."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field

from bot.analysis.records import Analysis, StaticFinding
from bot.github.text.anchors import Anchor
from bot.github.text.diffs import Status
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput

Severity = Literal["blocker", "bug", "risk", "nit"]
Concern = Literal["correctness", "security", "performance", "tests", "docs"]
Trigger = Literal["opened", "push", "ours", "look", "asked", "again"]
Risk = Literal["high", "medium", "low"]

SEVERITIES: dict[Severity, str] = {
    "blocker": "loses data, opens a hole or fails for everybody: must not be merged",
    "bug": "gives a wrong result or fails for an input that can occur",
    "risk": "holds today, but fails under a condition that is likely to come, or leaves what matters untested",
    "nit": "nothing fails; it reads or documents worse than what is around it",
}
CONCERNS: tuple[Concern, ...] = get_args(Concern)
# Ranks from 0, the most important first.
SEVERITY_RANK: dict[Severity, int] = {name: rank for rank, name in enumerate(get_args(Severity))}
RISK_RANK: dict[Risk, int] = {name: rank for rank, name in enumerate(get_args(Risk))}


class ReviewInput(TaskInput):
    """Input of a review."""

    full: bool = Field(default=False, title="full", description="read everything again, also what was read before")


class ReviewTask(Request[ReviewInput]):
    """Task to review a pull request, as it was requested."""

    @property
    def head_sha(self) -> str | None:
        """Return the head the event was about; None for a command."""
        return self.origin.head_sha

    @property
    def base_branch(self) -> str | None:
        """Return the base the event was about; None where it named none."""
        return self.origin.base_branch

    @property
    def trigger(self) -> Trigger:
        """Return why the review was started.

        A ``push`` and one of ``ours`` are reasons to look at open findings again, and only a ``push`` may be one to
        read new hunks. A ``look`` is a push whose sender may not spend money: no model is asked.
        """
        return next((one for one in get_args(Trigger) if one == self.origin.cause), "asked")

    @property
    def full(self) -> bool:
        """Return whether to read everything, also what an earlier review has read."""
        return self.input.full


class Finding(JsonModel):
    """Defect that a model or a tool claims to see in the change."""

    path: str
    quote: str  # code as it stands at the head, or at the merge base where ``removed``
    line: int | None = None  # claimed for its first line; may be wrong until the finding is placed
    removed: bool = False
    severity: Severity
    concern: Concern
    title: str
    claim: str
    failing_input: str = ""  # what makes it fail
    suggestion: str | None = None  # would replace the quote, or only its ``part``
    part: str = ""
    source: str = "model"  # ``model`` or ``<tool>:<rule>``
    symbol: str = ""  # the enclosing definition's qualified name


class LinkedIssue(JsonModel):
    """Issue that the pull request says it closes."""

    number: int
    title: str
    body: str


class Subject(JsonModel):
    """Pull request as it was read."""

    nonce: str  # delimits untrusted text in every prompt of the task
    title: str
    body: str
    author: str
    head_sha: str
    base_branch: str
    from_fork: bool  # the head is in another repository
    issues: tuple[LinkedIssue, ...] = ()
    stop: str | None = None  # why there is nothing (more) to review
    fetched: bool = False  # both ends were, into the mirror of the machine that read it


class ChangedFile(JsonModel):
    """File of the diff."""

    path: str
    old_path: str
    status: Status
    added: int
    removed: int
    left_out: str | None = None  # why it is not read
    in_part: str = ""  # which lines were not shown
    risk: Risk = "low"
    why: str = ""
    hunks: tuple[str, ...] = ()  # names by which one that was read is known after a rebase (:mod:`bot.pulls.hunks`)
    change: str = ""  # a finder's summary of what changed in it


class Part(JsonModel):
    """Rows of a file's shown diff, counted from 0; ``end`` is exclusive."""

    path: str
    start: int
    end: int


class Reading(JsonModel):
    """Question to a finder (step ``name``): these parts, these concerns."""

    name: str
    parts: tuple[Part, ...]
    concerns: tuple[Concern, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.path for part in self.parts))


class ReviewPlan(JsonModel):
    """Change to review: its files, who reads what, and under which rules."""

    head_sha: str
    merge_base: str
    files: tuple[ChangedFile, ...]
    readings: tuple[Reading, ...]
    guidelines: tuple[tuple[str, str], ...] = ()  # the repository's, from the base branch
    rules: str = ""  # digest of what the repository decides about a review
    # hunks by path that an earlier review read under these rules: not read again, no comments
    known: dict[str, tuple[int, ...]] = Field(default_factory=dict)
    # where the head holds some (:mod:`bot.pulls.placeholders`); None: not searched for
    secrets: tuple[StaticFinding, ...] | None = None


class CoverageGap(JsonModel):
    """Files that were read, but not for these concerns, and why."""

    concerns: tuple[Concern, ...]
    paths: tuple[str, ...]
    reason: str


Fate = Literal["verified", "unproved", "refuted"]


class VerifierCommand(JsonModel):
    """Shell command that the verifier ran in the sandbox."""

    command: str
    ended: str
    output: str  # the end of it
    before_ended: str = ""  # without the change, as ``before_output``; "" where it could not be run
    before_output: str = ""


class Verdict(JsonModel):
    """Judgement of the verifier on one finding, after code checked its quote."""

    fate: Fate  # ``verified`` and ``refuted`` are shown, ``unproved`` is neither
    reason: str
    path: str = ""  # of the quote
    quote: str = ""
    line: int | None = None  # of the merge base where ``removed``
    removed: bool = False
    failing_input: str = ""  # what fails
    model: str = ""
    tried: VerifierCommand | None = None  # the last command it ran
    short: bool = False  # the budget did not allow the next call
    trouble: str = ""  # what could not be installed or run


class ReadingResult(JsonModel):
    """Answer of one finder."""

    findings: tuple[Finding, ...] = ()
    changes: dict[str, str] = Field(default_factory=dict)
    unusable: int = 0  # malformed findings
    beyond: int = 0  # those above the limit of one answer
    verdicts: dict[str, Verdict] = Field(default_factory=dict)  # on what was verified already, by the step's name
    problem: str | None = None  # why it could not read its parts
    short: bool = False  # because the budget did not allow the next call
    model: str = ""


class PlacedFinding(JsonModel):
    """Finding whose quote was found, with the place of its comment."""

    finding: Finding
    anchor: Anchor | None = None  # None where no line of the diff shows it
    verdict: Verdict | None = None  # None until verified; findings of tools need none: their command ran
    also: tuple[PlacedFinding, ...] = ()  # further findings at the very same place, in the same comment
    again: bool = False  # an earlier summary listed it

    @property
    def proved(self) -> bool:
        """Return whether a tool found it or the verifier confirmed it."""
        return self.finding.source != "model" or (self.verdict is not None and self.verdict.fate == "verified")


class DropCounts(JsonModel):
    """Numbers of findings that were dropped, by reason."""

    invented: int = 0  # the quoted code is nowhere in the change's files
    repeated: int = 0  # another finding says the same
    refuted: int = 0  # the verifier says no
    known: int = 0  # a thread has it
    unusable: int = 0  # malformed
    alike: int = 0  # of a tool's rule that is broken again and again
    beyond: int = 0  # above the limit of the list


class FollowUp(JsonModel):
    """Titles of earlier reviews' findings, by their state at this head."""

    fixed: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    back: tuple[str, ...] = ()  # once fixed; a later push took the fix back


class BrokenTest(JsonModel):
    """Test that fails with the change only, and what it ``said``."""

    id: str
    said: str = ""


class NearestTests(JsonModel):
    """Results of the tests nearest to a change, without it and with it."""

    command: str = ""  # ran them; "" where there are none
    passing: int = 0  # both times
    passing_new: int = 0  # not there without the change, as ``failing_new``
    mended: int = 0  # pass only with the change
    broken: tuple[BrokenTest, ...] = ()
    failing: int = 0  # both times
    failing_new: tuple[str, ...] = ()
    problem: str = ""  # why there are no results
    trouble: str = ""  # what could not be installed

    @property
    def counts(self) -> str:
        """Return the numbers in words."""
        ends = {
            "pass without the change and with it": self.passing,
            "pass and are new": self.passing_new,
            "fail without the change and pass with it": self.mended,
            "fail without the change and with it": self.failing,
            "are new and fail": len(self.failing_new),
            "pass without the change and fail with it": len(self.broken),
        }
        return ", ".join(f"{count} {end}" for end, count in ends.items() if count)


class ReviewResult(JsonModel):
    """Result of a review: everything that its report may say."""

    head_sha: str
    merge_base: str
    rules: str  # digest of the policy it was made under
    files: tuple[ChangedFile, ...] = ()
    issues: tuple[int, ...] = ()
    inline: tuple[PlacedFinding, ...] = ()  # in order of importance, as ``folded``
    folded: tuple[PlacedFinding, ...] = ()
    read: bool = True  # False: changed lines wait until somebody asks for a review
    dropped: DropCounts = DropCounts()
    unread: dict[str, str] = Field(default_factory=dict)  # paths that should have been read, and why they were not
    missed: tuple[CoverageGap, ...] = ()  # those not read for every concern
    static: Analysis = Analysis()
    models: tuple[str, ...] = ()
    readings: int = 0
    nearest: NearestTests = NearestTests()  # what the nearest tests say
    trouble: str = ""  # why commands could not all be run
    blocks: bool = False  # it holds up the merge
    since: FollowUp = FollowUp()
    dollars: float = 0.0
    calls: int = 0
    reused: bool = False  # all of it was known from an earlier review
    locked: bool = False  # a locked conversation let nothing be posted

    @property
    def found(self) -> tuple[PlacedFinding, ...]:
        """Return new and proved findings: comment, check and summary count these."""
        inline = [each for one in self.inline for each in (one, *one.also)]
        return (*inline, *(one for one in self.folded if one.proved and not one.again))

    @property
    def in_part(self) -> dict[str, str]:
        """Return which lines were not shown of files that were read, by path."""
        return {file.path: file.in_part for file in self.files if file.in_part and file.left_out is None}

    @property
    def complete(self) -> bool:
        """Return whether every file was read for every concern."""
        return self.read and not self.unread and not self.missed

    @property
    def quiet(self) -> bool:
        """Return whether there is nothing to say."""
        said = self.inline or self.folded or self.in_part or self.nearest.broken
        return self.complete and not said and self.since == FollowUp()
