"""Assemble the policy schema from the declared tasks and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, create_model

from bot.policy.permission import Level
from bot.policy.rules import CommandPolicy, LimitPolicy, PublishPolicy, TaskRules
from bot.settings import Checks, ModelRole, Strategy
from bot.types import JsonModel


@dataclass(frozen=True)
class CommandRule:
    """The default permission of a command, and whether text follows it."""

    level: Level = "write"  # people who have it may use the command
    opens: bool = False  # a policy may open it to readers
    text: bool = False  # it takes whatever stands behind its name


WRITERS = CommandRule()
READERS = CommandRule(level="read")


@dataclass(frozen=True)
class PolicySchema:
    """The sections and commands of policy files, from the declarations."""

    sections: Mapping[str, type[TaskRules]]
    commands: Mapping[str, CommandRule]

    @property
    def writable(self) -> tuple[str, ...]:
        """Return the commands that may need write permission."""
        return tuple(name for name, rule in self.commands.items() if rule.level == "write")

    @property
    def readable(self) -> tuple[str, ...]:
        """Return the commands that may be open to readers."""
        return tuple(name for name, rule in self.commands.items() if rule.level == "read" or rule.opens)

    @property
    def commands_by_default(self) -> CommandPolicy:
        """Return the default permissions of all commands."""
        read = tuple(name for name, rule in self.commands.items() if rule.level == "read")
        return CommandPolicy(write=self.writable, read=read)

    @cached_property
    def document(self) -> type[JsonModel]:
        """Return the model of a policy file: tasks' sections, then general ones."""
        default = self.commands_by_default
        commands = create_model(
            "Commands",
            __base__=CommandPolicy,
            write=(_names(self.writable), default.write),
            read=(_names(self.readable), default.read),
        )
        sections: dict[str, Any] = {name: (rules, rules()) for name, rules in self.sections.items()}
        return create_model(
            "Document",
            __base__=JsonModel,
            **sections,
            commands=(commands, commands()),
            checks=(Checks, Checks()),
            models=(dict[ModelRole, list[str]], Field(default_factory=dict)),
            strategies=(dict[ModelRole, Strategy], Field(default_factory=dict)),
            limits=(LimitPolicy, LimitPolicy()),
            publish=(PublishPolicy, PublishPolicy()),
            protected=(tuple[str, ...], ()),
        )


def _names(allowed: tuple[str, ...]) -> Any:
    """Return the type of a list of these names."""
    return tuple[Literal[allowed], ...]  # type: ignore[valid-type]
