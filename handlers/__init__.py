"""The table of contents: event -> what starts. One module a capability, each with its own router.

==================================  ====================================================
issues.labeled                      handlers.fix.task: start, if the label is ours
issues.unlabeled, issues.closed     handlers.fix.task: stop
installation.*                      handlers.installation: remember, create the label
installation_repositories.added     handlers.installation: create the label
installation_repositories.removed   handlers.relocation: stop
issues.transferred, .deleted        handlers.relocation: stop
repository.renamed                  handlers.relocation: go on under the new name
repository.transferred, .archived,  handlers.relocation: stop
  .deleted
pull_request.closed                 handlers.outcomes: remember what became of our work
pull_request.opened, .reopened,     handlers.review.triggers: review, if policy says so
  .ready_for_review, .synchronize
pull_request.review_requested       handlers.review.triggers: review, if it was requested of us
pull_request.closed                 handlers.review.triggers: stop
check_run.rerequested,              handlers.review.task: review that head once more, mend what is open
  .requested_action
pull_request_review.submitted       handlers.revise.task: do what a review of ours requests
check_suite.completed,              handlers.ci: look into what failed on a pull request of ours
  workflow_run.completed
what failed for good                handlers.fix.task, bot.doors.comments.listener: say so to whoever waits
what people write                   bot.doors.comments.listener: the commands in it, listed in COMMANDS
==================================  ====================================================
"""

from __future__ import annotations

from bot.doors.comments import listener
from bot.doors.comments.commands import Command, by_name
from bot.doors.webhook.router import Event, Router
from bot.engine.port import FlowTable
from bot.work.services import Services
from handlers import approve, cancel, ci, config, help, ignore, installation, outcomes, relocation, retry, status
from handlers.answer import ask, describe, explain, improve
from handlers.fix import task as fix
from handlers.review import task as review
from handlers.revise import task as revise

_LISTED: tuple[Command, ...] = (
    fix.COMMAND,
    revise.COMMAND,
    review.COMMAND,
    ask.COMMAND,
    explain.COMMAND,
    describe.COMMAND,
    improve.COMMAND,
    ignore.COMMAND,
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
    relocation.router,
    outcomes.router,
    review.router,
    revise.router,
    ci.router,
    listener.doors(COMMANDS),
)

_typed_in_vain = listener.gave_up(COMMANDS)


async def gave_up(event: Event, services: Services) -> None:
    """A delivery failed for good: whoever waits for something is told."""
    await fix.gave_up(event, services)
    await _typed_in_vain(event, services)


GAVE_UP = gave_up


def add_flows(table: FlowTable, services: Services) -> None:
    """Every workflow, by name."""
    table.add(fix.flow(services))
    table.add(review.flow(services))
    table.add(revise.flow(services))
    table.add(ask.TALK.flow(services))
    table.add(explain.TALK.flow(services))
    table.add(describe.TALK.flow(services))
    table.add(improve.TALK.flow(services))
