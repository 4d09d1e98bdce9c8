"""Hand work to Copilot's coding agent, on behalf of a person.

GitHub takes no installation's token here: https://docs.github.com/en/rest/agent-tasks/agent-tasks. A public preview.
"""

from __future__ import annotations

from bot.github.api.client import Client, within
from bot.types import JsonModel, Repository

COPILOT = frozenset({"copilot", "copilot-swe-agent[bot]"})
"""The logins of the agent's account, in lower case."""


class AgentTask(JsonModel):
    """A task as GitHub took it; ``html_url`` is its page there."""

    id: str
    state: str
    html_url: str


async def start(client: Client, repository: Repository, prompt: str) -> AgentTask:
    """Have the agent open a pull request for a prompt.

    Raises :class:`Forbidden` or :class:`NotFound` where the person, their plan or the App may not.
    """
    body = {"prompt": prompt, "base_ref": repository.default_branch, "create_pull_request": True}
    answer = await client.post("/agents/repos/{owner}/{repo}/tasks", within(repository), body)
    return AgentTask(id=str(answer["id"]), state=str(answer["state"]), html_url=str(answer.get("html_url") or ""))
