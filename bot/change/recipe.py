"""Declare a capability that changes code: what is read, proved, allowed, checked and published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol

from bot.change.branches import branch_name
from bot.change.records import BriefT, CodeLocation, Evidence, Gate, JudgementT, Proof
from bot.change.refusals import Refusal
from bot.engine.port import Ctx, Outcome
from bot.git.changes import Changes
from bot.models.port import Message
from bot.policy import Policy
from bot.work.assignment import Assignment, RequestT
from bot.work.records import Try
from bot.work.toolset import Check, May

AnyEvidence = Evidence[Any, Any, Any]


@dataclass(frozen=True)
class Rules:
    """A repository's rules for one capability, taken from its policy."""

    max_dollars: float
    unverified: Literal["comment", "draft", "off"] = "comment"  # what is left of a change that was not verified
    rerank: bool = False  # a ``cheap`` model may reorder the files that search finds


@dataclass(frozen=True)
class GateLimits:
    """Limits of a change, for a fix: nobody reviews a larger one well."""

    files: int = 20
    lines: int = 800
    tests_from_base: bool = True  # existing tests are taken from the base
    restores: bool = False  # it brings an earlier state back: that one's tests and style hold
    foreign: bool = False  # somebody else made it: whole as it is, it is judged as if one of us had edited it
    keep_tests: bool = False  # every test that is there before must be there afterwards, whatever becomes of it


@dataclass(frozen=True)
class Narrowed:
    """The good part of a change; ``dropped`` says what was left out and why."""

    changes: Changes
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class WorkStep:
    """A part of the work that becomes a commit; ``task`` is told to the model."""

    subject: str
    task: str


@dataclass(frozen=True)
class ProofResult:
    """The proof, if there is one."""

    proof: Proof | None = None
    note: str = ""  # why it is over, or what to tell
    ended: bool = False  # the task is over
    # in which the proof was written: the edit goes on there, and reads nothing twice
    messages: tuple[Message, ...] = ()
    # what was measured before any edit: values of fields that the recipe's evidence adds
    fields: Mapping[str, Any] = field(default_factory=dict)
    tries: tuple[Try, ...] = ()  # that did not become the proof


def verified_or_draft(rules: Rules, evidence: AnyEvidence) -> bool:
    """Allow publishing what is verified, or a draft if the rules want one."""
    return evidence.report is not None and (evidence.verified or rules.unverified == "draft")


def only_verified(rules: Rules, evidence: AnyEvidence) -> bool:
    """Allow publishing what is verified, and nothing else."""
    return evidence.verified


class Prover(Protocol):
    """A way of proving, before any edit, that the change is needed."""

    async def prove(self, ctx: Ctx, job: Job[Any], evidence: AnyEvidence, found: CodeLocation) -> ProofResult: ...


class Words(Protocol):
    """The texts that every capability has."""

    def write_failure(self, evidence: Any, /) -> str:
        """Write what was found and tried where nothing was published."""
        ...

    def write_refusal(self, evidence: Any, refusal: Refusal, /) -> str:
        """Write why a finished change could not be published, and show it."""
        ...

    def write_patch(self, evidence: Any, /) -> str:
        """Write what a change rests on that is handed over as a patch."""
        ...


@dataclass(frozen=True)
class Recipe(Generic[RequestT, BriefT, JudgementT]):
    """A capability that changes code."""

    name: str  # its flow, and the prefix of its branches
    prompts: str
    words: Words
    evidence: type[Evidence[RequestT, BriefT, JudgementT]]  # in which a finished change is kept
    read: Callable[[Job[RequestT]], Awaitable[BriefT]]  # gets the request from GitHub
    fetch: Callable[[Job[RequestT], BriefT], Awaitable[BriefT]]  # brings its commits into the mirror
    proof: Prover
    # given the paths before anybody's change, returns the rule for one path
    may_edit: Callable[[Job[RequestT], Evidence[RequestT, BriefT, JudgementT], Collection[str]], May]
    # asks a second model about a change that passed all gates; the last argument names the step
    judge: Callable[[Job[RequestT], Evidence[RequestT, BriefT, JudgementT], str], Awaitable[JudgementT]]
    # says what is good enough for ``publish``
    may_publish: Callable[[Rules, Evidence[RequestT, BriefT, JudgementT]], bool]
    publish: Callable[[Ctx, Job[RequestT], Evidence[RequestT, BriefT, JudgementT]], Awaitable[Outcome]]
    rules: Callable[[Policy], Rules]  # picks this capability's section of the policy
    gates: GateLimits = GateLimits()
    # judges the change, on a base's sha and in a fresh tree, once all gates that every change has are passed
    own_gates: (
        Callable[[Job[RequestT], Evidence[RequestT, BriefT, JudgementT], str, Changes], Awaitable[Sequence[Gate]]]
        | None
    ) = None
    # of a change that a gate refused, the part that may pass by itself; the gates then judge that
    narrow: (
        Callable[[Job[RequestT], Evidence[RequestT, BriefT, JudgementT], str, Changes], Awaitable[Narrowed | None]]
        | None
    ) = None
    # the parts that the work is done in, each a commit; by default it is one
    steps: Callable[[Evidence[RequestT, BriefT, JudgementT]], Sequence[WorkStep]] = lambda _evidence: ()
    needs_model: bool = True  # nothing comes of it without one: where nothing may be spent, it does not begin
    about_closed: bool = False  # it is about what has ended, as a merged pull request has
    # makes what the model is shown after each edit; None: the proof and the tests nearby
    feedback: Callable[[Job[RequestT], Evidence[RequestT, BriefT, JudgementT], CodeLocation], Check] | None = None


@dataclass(frozen=True)
class Job(Assignment[RequestT], Generic[RequestT]):
    """One task that changes code, and the recipe it follows."""

    recipe: Recipe[RequestT, Any, Any]

    @property
    def rules(self) -> Rules:
        return self.recipe.rules(self.policy)

    @property
    def branch(self) -> str:
        return branch_name(self.policy.publish.prefix, self.recipe.name, self.task.subject.number, self.task_id)
