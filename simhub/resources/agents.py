"""Work that is handed to Copilot's coding agent: taken or refused, never done.

What the agent makes of it is for whoever tells the story: a pull request of an account called Copilot.
"""

from __future__ import annotations

import uuid
from typing import Any

from simhub.call import Answer, Call, routes
from simhub.errors import ApiError, not_accessible
from simhub.model import iso


@routes.add("POST", "/agents/repos/{owner}/{repo}/tasks", needs="agent_tasks:write")
async def start_task(call: Call) -> Any:
    """Take a task from a person; an App's token needs the App's permission as well."""
    actor = call.actor
    if actor.kind != "user" or (actor.app is not None and actor.app.permissions.get("agent_tasks") != "write"):
        raise not_accessible("agent_tasks=write")
    if not call.required("prompt").strip():
        raise ApiError(422, "Validation Failed")
    task = {"id": str(uuid.uuid4()), "state": "queued", "base_ref": call.text("base_ref", call.repo.default_branch)}
    task["html_url"] = f"{call.hub.url}/{call.repo.full_name}/agents/{task['id']}"
    return Answer(task | {"created_at": iso(call.hub.world.now())}, 201)
