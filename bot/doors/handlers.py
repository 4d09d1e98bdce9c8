"""Merge the ways in that tasks and commands declare into one router."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bot.dispatch.registry import Registry
from bot.doors import authorization, governance, relocation
from bot.doors.buttons import button_router
from bot.doors.comments.commands import Command, commands_of
from bot.doors.comments.listener import comment_router, say_command_failed
from bot.doors.installation import installation_router
from bot.doors.labels import label_router, say_label_failed
from bot.doors.signals.handling import signal_router
from bot.doors.webhook.router import Event, Router
from bot.work.services import Services


@dataclass(frozen=True)
class Handlers:
    """All handlers of deliveries: tasks', commands', capabilities' own."""

    registry: Registry
    builtins: tuple[Command, ...]
    events: tuple[Router[Services], ...] = ()

    @cached_property
    def commands(self) -> dict[str, Command]:
        """Return all commands by name."""
        return commands_of(self.registry, self.builtins)

    @cached_property
    def router(self) -> Router[Services]:
        """Return the router of all deliveries."""
        return Router.merged(
            label_router(self.registry),
            installation_router(self.registry),
            relocation.router,
            governance.router,
            authorization.router,
            button_router(self.registry),
            signal_router(),
            *self.events,
            comment_router(self.commands, self.registry),
        )

    async def gave_up(self, event: Event, services: Services) -> None:
        """Tell whoever waits that a delivery failed for good."""
        await say_label_failed(self.registry, event, services)
        await say_command_failed(self.commands, event, services)
