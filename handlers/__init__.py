"""The table of contents: event -> what starts. One module a capability, each with its own router.

==================================  ====================================================
issues.labeled                      handlers.fix: start, if the label is ours
issues.unlabeled, issues.closed     handlers.fix: stop
installation.*                      handlers.installation: remember, create the label
installation_repositories.added     handlers.installation: create the label
pull_request.closed                 handlers.outcomes: remember what became of our work
what failed for good                handlers.fix: say so, if the label was ours
what people write                   handlers.doors: the commands in it, listed in COMMANDS
==================================  ====================================================
"""

from __future__ import annotations

from bot.change.services import Services
from bot.engine.port import FlowTable
from bot.intake.commands import Command, by_name
from bot.intake.router import Router
from handlers import approve, cancel, config, doors, fix, help, installation, outcomes, retry, status

_LISTED: tuple[Command, ...] = (
    fix.COMMAND,
    status.COMMAND,
    cancel.COMMAND,
    retry.COMMAND,
    approve.COMMAND,
    config.COMMAND,
)
COMMANDS = by_name(*_LISTED, help.command([each.name for each in _LISTED]))
ROUTER: Router[Services] = Router.merged(
    fix.router,
    installation.router,
    outcomes.router,
    doors.doors(COMMANDS),
)


GAVE_UP = fix.gave_up


def add_flows(table: FlowTable, services: Services) -> None:
    """Every workflow, by name."""
    table.add(fix.flow(services))
