"""Asking the API as a step of a workflow does: with a new token of the runner's for each request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import aiohttp

from simhub.model import Account, WorkflowRun
from tests.e2e.scenes import git
from tests.support.api import Answer, Asker
from tests.support.keys import issuer_key_pair
from tests.support.story import Story


@dataclass
class Step(Asker):
    """A step of a job: ``variables`` are those that GitHub gives it."""

    variables: dict[str, str] = field(default_factory=dict)

    async def fetch(self, audience: str = "") -> str:
        """A token from the runner's endpoint, for the bot of the story if for nobody else."""
        url = f"{self.variables['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={audience or origin(self.story)}"
        headers = {"Authorization": f"bearer {self.variables['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["value"])

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        self.token = await self.fetch()
        return await super().ask(method, path, body, **headers)


def origin(story: Story) -> str:
    """The audience that the bot of a story demands."""
    return f"http://127.0.0.1:{story.port}"


async def begin(
    story: Story, event: str = "workflow_dispatch", *, by: Account | None = None, **more: Any
) -> WorkflowRun:
    """A run of a workflow, by the maintainer if not said otherwise."""
    story.hub.id_tokens.rotate(issuer_key_pair())
    sha = more.pop("head_sha", None) or git(story, "rev-parse", "main")
    actor = (by or story.maintainer).login
    return await story.hub.start_workflow(story.repository, sha, event=event, actor=actor, **more)


async def step(story: Story, event: str = "workflow_dispatch", *, by: Account | None = None, **claims: Any) -> Step:
    """A step of a job that may ask for tokens; ``claims`` stand in them instead of the run's own."""
    run = await begin(story, event, by=by)
    return Step(story, None, variables=story.hub.id_tokens.admit(run, **claims))
