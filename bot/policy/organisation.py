"""Read what an organisation's file closes for its repositories; no repository's own file can open it again.

The file is ``forgehand.yml`` in the owner's ``.github`` repository. It can only restrict: a repository may do what both
its own policy and the organisation's file allow.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Literal

from pydantic import Field

from bot.models.permitted import PermittedModels
from bot.patterns import matches
from bot.policy.allowance import Allowance, Budget
from bot.policy.reading import Problem, read_document
from bot.policy.sections import FILE, Names, Strict, is_named
from bot.types import JsonModel

BY = "by the organisation's file"
Stage = Literal["on", "pilot", "paused", "outside", "unknown"]
"""``outside``: the file names repositories, and not this one; ``unknown``: it cannot be read, and never could."""

# Commands that only answer, or stop something: they work whatever is closed.
_ALWAYS = frozenset({"status", "config", "help", "cancel"})
_STOPPED = {
    "paused": "The organisation's file has paused this repository (`stages.paused`).",
    "outside": "The organisation's file does not have this repository in its pilot (`stages`).",
}


class Approval(Strict):
    """Paths whose change others have to approve."""

    paths: Names = Field(min_length=1, description="patterns of paths, as in `.gitignore`")
    people: Literal[1, 2] = Field(
        default=1, description="how many have to; neither whoever asked for it nor the bot counts"
    )

    def concerns(self, changed: Iterable[str]) -> list[str]:
        """Return the changed paths that it is about; case does not count."""
        return [path for path in changed if any(matches(each.casefold(), path.casefold()) for each in self.paths)]


class Closing(Strict):
    """A section of the file, and what it closes."""

    models: Names | None = Field(default=None, description="the models that may be asked; `*` stands for anything")
    providers: Names | None = Field(
        default=None,
        description="where code may be sent: providers (`anthropic`: at its own address) and hosts (`llm.example.com`)",
    )
    tasks: Names | None = Field(default=None, description="the tasks that may be started")
    approvals: tuple[Approval, ...] = Field(default=(), description="paths whose change others have to approve")
    keep_days: float | None = Field(
        default=None, ge=1, allow_inf_nan=False, description="days that payloads and transcripts are kept, at most"
    )


class Stages(Strict):
    """The stages of repositories, by name; ``*`` stands for anything.

    Where ``pilot`` or ``on`` is given, repositories that neither names are outside. ``paused`` goes before ``on``, and
    ``on`` before ``pilot``.
    """

    pilot: Names | None = Field(default=None, description="repositories that try it out")
    on: Names | None = Field(default=None, description="repositories that use it")
    paused: Names = Field(default=(), description="repositories where nothing starts")

    def find(self, name: str) -> Stage:
        """Return the stage of a repository."""
        if is_named(self.paused, name):
            return "paused"
        if is_named(self.on or (), name) or (self.on is None and self.pilot is None):
            return "on"
        return "pilot" if is_named(self.pilot or (), name) else "outside"


class OrganisationFile(Closing):
    """The content of an organisation's file."""

    stages: Stages = Field(default=Stages(), description="which repositories take part")
    repositories: dict[str, Closing] = Field(
        default_factory=dict, description="what is closed beyond that, by pattern of repositories' names"
    )

    budget: Budget = Field(default=Budget(), description="what models may cost")

    @property
    def least_days(self) -> float | None:
        """Return the fewest days that any section keeps what is stored."""
        days = [one.keep_days for one in (self, *self.repositories.values()) if one.keep_days is not None]
        return min(days, default=None)

    def govern(self, name: str, problem: str = "") -> Governed:
        """Return what holds for a repository: all sections that concern it."""
        sections = [self, *(one for pattern, one in self.repositories.items() if is_named((pattern,), name))]
        days = [one.keep_days for one in sections if one.keep_days is not None]
        return Governed(
            stage=self.stages.find(name),
            models=tuple(one.models for one in sections if one.models is not None),
            providers=_common([one.providers for one in sections if one.providers is not None]),
            tasks=_common([one.tasks for one in sections if one.tasks is not None]),
            approvals=tuple(approval for one in sections for approval in one.approvals),
            keep_days=min(days, default=None),
            budget=self.budget.govern(name),
            problem=problem,
        )


class Governed(JsonModel):
    """The rest that an organisation's file leaves one repository."""

    stage: Stage = "on"
    models: tuple[tuple[str, ...], ...] = ()
    providers: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    approvals: tuple[Approval, ...] = ()
    keep_days: float | None = None
    budget: Allowance = Allowance()
    problem: str = ""  # what is wrong with the file as it is now; then the last good one holds

    @property
    def stopped(self) -> str:
        """Return why nothing may be started, in sentences, or ""."""
        if self.stage == "unknown":
            return f"Nothing is started until the organisation's file is corrected:\n\n{self.problem}"
        told = _STOPPED.get(self.stage)
        return f"{told} Nothing is started here, and no model is asked." if told else ""

    @property
    def permitted(self) -> PermittedModels:
        """Return where code may go."""
        return PermittedModels(models=self.models, providers=self.providers)

    def refuse(self, name: str, tasks: Collection[str]) -> str:
        """Return why a task or command is closed, or ""; ``tasks`` are all."""
        if self.stopped and name not in _ALWAYS:
            return self.stopped
        if self.tasks is not None and name in tasks and name not in self.tasks:
            return f"`/{name}` is closed {BY} (`tasks` in `{FILE}`)."
        return ""


OPEN = Governed()


def parse_organisation(text: str | None, tasks: Collection[str]) -> OrganisationFile:
    """Return the content of an organisation's file, or raise PolicyError.

    ``text`` None: it is not text, or too long.
    """
    return read_document(text, FILE, OrganisationFile, lambda data: _find_unknown_tasks(data, tasks))[0]


def _find_unknown_tasks(data: dict[str, Any], tasks: Collection[str]) -> Iterator[Problem]:
    below = data.get("repositories")
    sections: dict[tuple[str, ...], Any] = {(): data}
    if isinstance(below, dict):
        sections |= {("repositories", str(name)): one for name, one in below.items()}
    for path, section in sections.items():
        named = section.get("tasks") if isinstance(section, dict) else None
        for number, name in enumerate(named if isinstance(named, list) else []):
            if name not in tasks:
                yield Problem((*path, "tasks", str(number)), f"no such task; known here: {', '.join(tasks)}")


def _common(lists: list[tuple[str, ...]]) -> tuple[str, ...] | None:
    if not lists:
        return None
    return tuple(name for name in dict.fromkeys(lists[0]) if all(name in one for one in lists[1:]))
