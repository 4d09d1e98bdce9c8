"""Define what a specification and a plan say."""

from __future__ import annotations

from bot.types import JsonModel


class Requirement(JsonModel):
    """One thing that must hold, and how anybody sees that it does."""

    id: str  # R1, R2, ...
    text: str
    acceptance: str


class Specification(JsonModel):
    """A goal and its requirements; with ``questions`` it is not certain yet."""

    goal: str
    requirements: tuple[Requirement, ...]
    assumptions: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the ids of the requirements, in order."""
        return tuple(one.id for one in self.requirements)


class Option(JsonModel):
    """A way to do it, with what it gains and costs."""

    title: str
    gains: str
    costs: str
    chosen: bool


class PlannedFile(JsonModel):
    """A file that the change touches; ``new``: it does not exist yet."""

    path: str
    new: bool
    why: str


class PlannedName(JsonModel):
    """A function, class, method or constant that the plan rests on or makes."""

    name: str
    path: str
    new: bool


class PlannedStep(JsonModel):
    """A part of the work that becomes one commit; ``title``: its subject."""

    title: str
    text: str
    files: tuple[str, ...]
    requirements: tuple[str, ...]


class Plan(JsonModel):
    """A way to meet a specification, without code."""

    options: tuple[Option, ...]
    files: tuple[PlannedFile, ...]
    names: tuple[PlannedName, ...]
    steps: tuple[PlannedStep, ...]
    tests: tuple[str, ...]
    risks: tuple[str, ...]
    diagram: str = ""  # Mermaid, where it helps

    @property
    def new_names(self) -> frozenset[str]:
        """Return the last part of every name that the plan makes."""
        return frozenset(one.name.rpartition(".")[2] for one in self.names if one.new)

    @property
    def prose(self) -> str:
        """Return all that it says in sentences."""
        said = [text for one in self.options for text in (one.title, one.gains, one.costs)]
        said += [one.why for one in self.files]
        said += [text for one in self.steps for text in (one.title, one.text)]
        return "\n".join([*said, *self.tests, *self.risks])


class Draft(JsonModel):
    """A specification and, once nothing is open, a plan for it."""

    issue: str  # digest of the text that it is for
    text: str = ""  # what was asked for behind the command
    specification: Specification
    asked: int = 0  # how often questions were asked
    plan: Plan | None = None
    objections: tuple[str, ...] = ()  # what a second model still holds against the plan
    reviewer: str = ""  # that model
