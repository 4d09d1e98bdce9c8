"""The table of contents: event -> what starts. One module a capability, each with its own router.

==================================  ====================================================
issues.labeled                      handlers.fix: start, if the label is ours
issues.unlabeled, issues.closed     handlers.fix: stop
installation.*                      handlers.installation: remember, create the label
installation_repositories.added     handlers.installation: create the label
pull_request.closed                 handlers.outcomes: remember what became of our work
what failed for good                handlers.fix: say so, if the label was ours
==================================  ====================================================
"""

from __future__ import annotations

from bot.change.services import Services
from bot.engine.port import FlowTable
from bot.intake.router import Router
from handlers import fix, installation, outcomes

ROUTER: Router[Services] = Router.merged(fix.router, installation.router, outcomes.router)


GAVE_UP = fix.gave_up


def add_flows(table: FlowTable, services: Services) -> None:
    """Every workflow, by name."""
    table.add(fix.flow(services))
