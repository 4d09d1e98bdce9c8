"""Define what the steps of a conversation hand on, stored as JSON."""

from __future__ import annotations

from typing import Generic

from pydantic import Field

from bot.github.resources.reply_targets import Lines, ReplyTarget
from bot.github.text.anchors import Anchor
from bot.types import JsonModel
from bot.work.origin import I_co, Request, TaskInput


class AskInput(TaskInput):
    """Input of a question."""

    text: str = Field(title="question", description="the question, in plain words")


class ExplainInput(TaskInput):
    """Input of an explanation."""

    text: str = Field(default="", title="what", description="what to explain in particular")


class TalkTask(Request[I_co], Generic[I_co]):
    """Question as it was asked."""

    @property
    def text(self) -> str:
        """Return the question; "" where the command takes none."""
        return str(getattr(self.input, "text", ""))

    @property
    def is_pull(self) -> bool:
        """Return whether it is about a pull request."""
        return self.subject.kind in {"pull", "thread"}

    @property
    def lines(self) -> Lines | None:
        """Return the lines of the diff it was asked on."""
        return self.subject.lines

    @property
    def spot(self) -> ReplyTarget:
        """Return where to answer."""
        return self.place


class Remark(JsonModel):
    """Comment that was there before, in the thread or below the issue."""

    author: str
    text: str


class Subject(JsonModel):
    """Issue, pull request or repository that a conversation is about."""

    nonce: str  # delimits untrusted text in every prompt
    title: str
    body: str
    sha: str
    base_branch: str | None = None  # of a pull request
    author: str = ""  # who opened the pull request, "" where that was us
    said: tuple[Remark, ...] = ()
    whole: bool = False  # it is the repository


class File(JsonModel):
    """File of the change; ``left_out`` says why its diff is not shown."""

    path: str
    status: str
    added: int
    removed: int
    left_out: str | None = None


class CodeContext(JsonModel):
    """Code at ``sha``: the change from ``merge_base``, else what ranks best."""

    sha: str
    merge_base: str | None = None
    files: tuple[File, ...] = ()
    shown: str
    guidelines: tuple[tuple[str, str], ...] = ()


class Answer(JsonModel):
    """Answer or ``problem``; ``dropped`` are places it named that are not."""

    text: str
    sha: str
    linked: int = 0
    dropped: tuple[str, ...] = ()
    model: str = ""
    problem: str | None = None


class FileNote(JsonModel):
    """File of the change and what is said of it, "" where nothing was."""

    file: File
    change: str


class Description(JsonModel):
    """Description with a Mermaid ``diagram`` or "", or the ``problem``."""

    sha: str
    title: str = ""
    summary: str = ""
    files: tuple[FileNote, ...] = ()
    diagram: str = ""
    problem: str | None = None


class Suggestion(JsonModel):
    """Replacement that a model proposes for ``quote`` at the head's ``line``."""

    path: str = Field(max_length=1_000)
    line: int
    quote: str = Field(max_length=6_000)
    replacement: str = Field(max_length=6_000)
    why: str


class PlacedSuggestion(JsonModel):
    """Suggestion whose ``block`` can be committed at ``anchor``."""

    suggested: Suggestion
    anchor: Anchor
    block: str


class Improvements(JsonModel):
    """Suggestions for a pull request, or the ``problem`` why there are none."""

    sha: str
    placed: tuple[PlacedSuggestion, ...] = ()
    left_out: int = 0  # did not apply, did not parse, or stood on no line of the change
    said: int = 0  # by the pull request already
    problem: str | None = None
