"""Define the values of a repository's policy.

A policy is the checked content of ``.github/forgehand.yml`` below the server's ceilings. Each task declares its own
section (a :class:`TaskRules`); the sections that concern the repository as a whole stand here.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, Field

from bot.policy.organisation import BY, OPEN, Governed
from bot.policy.permission import Level
from bot.settings import Checks, ModelRole, Strategy
from bot.types import JsonModel

Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class TaskRules(JsonModel):
    """The section of one task; one that needs more keys derives its own."""

    section: ClassVar[str] = ""  # the task's name

    max_dollars: Dollars | None = Field(
        default=None, description="ceiling for the model calls of one task; `commands.max_dollars` where it is not set"
    )

    def explain(self, path: str) -> list[str]:
        """Return the lines ``config check --for PATH`` prints about this section."""
        return []


R = TypeVar("R", bound=TaskRules)


class CommandPolicy(JsonModel):
    """The permissions commands need; those in neither list are off."""

    write: tuple[str, ...] = Field(default=(), description="commands for people with write permission")
    read: tuple[str, ...] = Field(default=(), description="commands for everybody who can read the repository")
    max_dollars: Dollars = Field(default=1.0, description="ceiling for a task whose own section sets none")
    mention_only: bool = Field(
        default=False,
        description="obey only commands that begin with the bot's name, so that `/fix` may be another bot's",
    )


class LimitPolicy(JsonModel):
    """Ceilings for the repository as a whole."""

    dollars_per_day: Dollars = Field(default=20.0, description="ceiling for all model calls of one day")


# A part of what git allows (git check-ref-format), so that every prefix with a task's name behind it is a branch.
_BRANCH_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_-]+)*[/_-]?")


def _check_prefix(value: str) -> str:
    if not _BRANCH_PREFIX.fullmatch(value):
        raise ValueError("not the beginning of a branch's name; it must look like forgehand/ or bot-")
    return value


class PublishPolicy(JsonModel):
    """The names of branches we make, and what their commits carry."""

    prefix: Annotated[str, AfterValidator(_check_prefix)] = Field(
        default="forgehand/", max_length=60, description="what the names of branches begin with"
    )
    sign_off: bool = Field(
        default=False, description="add a Signed-off-by line to commits (https://developercertificate.org)"
    )
    signed: bool = Field(
        default=False, description="have GitHub sign commits; done anyhow where a rule of the branch demands it"
    )


class Policy(JsonModel):
    """The policy that holds for a repository."""

    # each task's section by name, as plain data: read it with :meth:`rules`
    tasks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    commands: CommandPolicy = CommandPolicy()
    checks: Checks = Checks()
    models: dict[ModelRole, list[str]] = Field(default_factory=dict)
    strategies: dict[ModelRole, Strategy] = Field(default_factory=dict)
    limits: LimitPolicy = LimitPolicy()
    publish: PublishPolicy = PublishPolicy()
    protected: tuple[str, ...] = ()
    organisation: Governed | None = None  # None where its owner has no file
    origins: dict[str, str] = Field(default_factory=dict)  # by dotted key, where a value that is no default comes from

    def rules(self, kind: type[R]) -> R:
        """Return a task's section."""
        return kind.model_validate(self.tasks.get(kind.section, {}))

    def max_dollars(self, task: str) -> float:
        """Return the budget of one run of the task, in dollars."""
        own = self.tasks.get(task, {}).get("max_dollars")
        return self.commands.max_dollars if own is None else float(own)

    def level(self, command: str) -> Level | None:
        """Return the permission a command needs; None where it is switched off."""
        if command in self.commands.read:
            return "read"
        return "write" if command in self.commands.write else None

    @property
    def stopped(self) -> str:
        """Return why the organisation lets nothing start here, or ""."""
        return "" if self.organisation is None else self.organisation.stopped

    def refuse(self, name: str) -> str:
        """Return why the organisation closes a task or command, or ""."""
        return "" if self.organisation is None else self.organisation.refuse(name, self.tasks)

    def governed(self, by: Governed, default: Policy) -> Policy:
        """Return what is left; closed tasks have the sections of ``default``.

        Whatever starts by itself is off there, so that what reads a section only does nothing.
        """
        if by == OPEN:
            return self
        origins = dict(self.origins)
        closed = [name for name in self.tasks if by.refuse(name, self.tasks)]
        for name in closed:
            origins = {key: told for key, told in origins.items() if not key.startswith(f"{name}.")}
            origins |= {f"{name}.{key}": BY for key in default.tasks[name]}
        write = tuple(name for name in self.commands.write if not by.refuse(name, self.tasks))
        read = tuple(name for name in self.commands.read if not by.refuse(name, self.tasks))
        origins |= {"commands.write": BY} if write != self.commands.write else {}
        origins |= {"commands.read": BY} if read != self.commands.read else {}
        origins |= {f"organisation.{key}": BY for key in Governed.model_fields}
        return self.model_copy(
            update={
                "tasks": self.tasks | {name: default.tasks[name] for name in closed},
                "commands": self.commands.model_copy(update={"write": write, "read": read}),
                "organisation": by,
                "origins": origins,
            }
        )
