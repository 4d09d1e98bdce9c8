"""Let a deployment in, or not while something is wrong in its environment."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Literal

from bot.deployments.advice import filter_services
from bot.doors.webhook.parts import read_text
from bot.doors.webhook.router import Event, Router
from bot.github.api.errors import Invalid
from bot.github.api.scopes import DEPLOY
from bot.github.resources import deployments
from bot.markdown import shortened
from bot.store import audit, incidents
from bot.work.services import Services

router: Router[Services] = Router()
_RUN = re.compile(r"/actions/runs/(\d{1,18})/deployment_protection_rule$")


@router.on("deployment_protection_rule", "requested")
async def answer_rule(event: Event, services: Services) -> None:
    """Approve a deployment, or reject it while an incident is open there.

    Who has switched the rule on waits for an answer, so there is always one. GitHub takes the first and refuses others.
    """
    repository = event.repository()
    environment = read_text(event.payload, "environment")
    # the number alone is taken from the address: a token goes to GitHub and nowhere else
    run = _RUN.search(read_text(event.payload, "deployment_callback_url"))
    if repository is None or not environment or run is None:
        return
    found = await services.store.read(incidents.list_in_environment, repository.id, environment[:200])
    wrong = filter_services(found)
    reason = "No incident of this environment is open."
    if wrong:
        number = f" (#{wrong[0].number})" if wrong[0].number is not None else ""
        reason = f"An incident of this environment is open{number}: {shortened(wrong[0].title, 300)}"
    github = await services.github.for_repository(repository, DEPLOY)
    said = services.outgoing(reason)
    with suppress(Invalid):
        state: Literal["approved", "rejected"] = "rejected" if wrong else "approved"
        await deployments.answer_rule(github, repository, int(run[1]), environment, state, said)
    where = {"delivery": event.guid, "repository": repository.full_name, "actor": "github"}
    await services.store.run(audit.record, f"deploy to {environment[:100]}", allowed=not wrong, reason=reason, **where)
