"""Find every capability, and list the commands that start no task.

A capability is a folder here. ``task.py`` in it holds its declaration, ``TASK``; ``triggers.py``, where it has one,
holds a ``router`` with the events that start it by themselves. Both are found by looking, so a new capability is
added by adding its folder: ``docs/extending.md`` walks through one. What else a delivery starts stands in
:mod:`bot.doors`: labels, commands, buttons, installations.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any

from bot.dispatch.registry import Registry
from bot.doors.handlers import Handlers
from handlers import approve, cancel, config, help, ignore, retry, status


def _find(module: str, name: str) -> Iterator[Any]:
    """Yield ``name`` of every capability's ``module``, by capability."""
    for folder in iter_modules(__path__):
        path = f"{__name__}.{folder.name}.{module}"
        if folder.ispkg and find_spec(path) is not None:
            yield getattr(import_module(path), name)


BUILTINS = (
    approve.COMMAND, ignore.COMMAND, status.COMMAND, cancel.COMMAND, retry.COMMAND, config.COMMAND, help.COMMAND,
)  # fmt: skip
_RULES = {command.name: replace(command.rule, text=command.arguments.text) for command in BUILTINS}
TASKS = Registry(tuple(_find("task", "TASK")), builtins=_RULES)
HANDLERS = Handlers(TASKS, BUILTINS, tuple(_find("triggers", "router")))
