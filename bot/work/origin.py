"""Say who asked for a task, through which door, about what, and with which input.

A door turns what came in into a :class:`Request`; that is the argument of every workflow and is stored as JSON.
"""

from __future__ import annotations

from typing import Generic, Literal, TypeVar

from bot.github.resources.permissions import Role
from bot.github.resources.reply_targets import Lines, ReplyTarget
from bot.types import Actor, JsonModel, Repository

SubjectKind = Literal["issue", "pull", "thread", "repository"]
"""``thread``: a review thread on lines of a pull request; ``repository``: no number at all."""
Door = Literal[
    "label", "command", "button", "review", "event", "ci", "api", "action", "terminal", "room", "schedule", "alert"
]
Outlet = Literal["github", "branch", "result"]
"""``github``: people are told there; ``branch``: only a branch is pushed; ``result``: nothing is written on GitHub."""


class Principal(JsonModel):
    """A GitHub account that asks, or a program that a door has verified."""

    # programs: a token, an Action run, a schedule, an alert, and ourselves
    kind: Literal["account", "token", "action", "schedule", "alert", "self"] = "account"
    actor: Actor
    role: Role | None = None  # as GitHub says, None where it knows none
    vouched: str = ""  # a door's own proof that the work is permitted, for the audit log; then no role is asked for


class Answer(JsonModel):
    """An answer to a task's questions that is not in anybody's comment."""

    login: str
    text: str


class Origin(JsonModel):
    """The origin of a task, and the place of its answers."""

    door: Door
    principal: Principal
    key: str  # for idempotency: two requests for one task with the same key are one
    at: str  # ISO 8601, GitHub's clock
    delivery: str  # the webhook's GUID, or another id to find it in the log by
    reply: ReplyTarget | None = None  # the text to react to and answer below
    label: str | None = None  # that must still be there
    head_sha: str | None = None  # that the event was about, as ``base_branch``
    base_branch: str | None = None
    cause: str = ""  # kind of the event: ``opened``, ``push``
    outlet: Outlet = "github"  # where what comes of it goes, beside the task's result
    issue: int | None = None  # on which a task about the repository as a whole is followed
    answers: tuple[Answer, ...] = ()  # to the questions of the tasks that it goes on from


class Subject(JsonModel):
    """The subject of a task as the door saw it; its text stays as it was."""

    kind: SubjectKind
    number: int | None = None  # None for a repository as a whole
    title: str = ""
    body: str = ""
    author_id: int | None = None  # of who opened the issue or pull request
    lines: Lines | None = None  # that a thread stands on


class TaskInput(JsonModel):
    """Base of every task's input.

    Fields are the command's arguments, the API's body and the form, in their order. A ``str`` takes the text behind a
    command, a ``bool`` is a word that may stand there. The title of a field is how help names it.
    """

    @classmethod
    def text_field(cls) -> str | None:
        """Return the field that takes the text, None where none does."""
        return next((name for name, field in cls.model_fields.items() if field.annotation is str), None)


I_co = TypeVar("I_co", bound=TaskInput, covariant=True)


class Request(JsonModel, Generic[I_co]):
    """One task as it was asked for: the argument of its workflow."""

    repository: Repository
    subject: Subject
    origin: Origin
    input: I_co

    @property
    def number(self) -> int:
        """Return the issue's or pull request's number."""
        assert self.subject.number is not None, "this task is about a repository, not an issue or pull request"
        return self.subject.number

    @property
    def quiet(self) -> bool:
        """Return whether nothing is said about it on GitHub."""
        return self.origin.outlet != "github"

    @property
    def actor(self) -> Actor:
        """Return the account the task is done for."""
        return self.origin.principal.actor

    @property
    def delivery(self) -> str:
        """Return the id to find the task's beginning in the log by."""
        return self.origin.delivery

    @property
    def triggered(self) -> str:
        """Return when the task was asked for (ISO 8601)."""
        return self.origin.at

    @property
    def title(self) -> str:
        """Return the title of the issue or pull request."""
        return self.subject.title

    @property
    def body(self) -> str:
        """Return the text of the issue or pull request."""
        return self.subject.body

    @property
    def asked(self) -> str:
        """Return what was written behind the command, "" for nothing."""
        name = self.input.text_field()
        return "" if name is None else str(getattr(self.input, name) or "")

    @property
    def place(self) -> ReplyTarget:
        """Return where it was asked, else the issue or pull request."""
        return self.origin.reply or ReplyTarget(kind="body", number=self.number)

    @property
    def source_label(self) -> str | None:
        """Return the label that started the task."""
        return self.origin.label
