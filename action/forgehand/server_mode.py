"""Have a server do the task: start it, follow it, fetch its result.

Nothing is kept on the runner. The key of the request makes all attempts of a run one task.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from .api import API, TASK_ID, Json, checked
from .errors import Interrupted, Refused
from .event import Event
from .identity import Identity
from .inputs import Inputs
from .log import Log
from .outcome import WAITING, Outcome
from .server import Server
from .wanted import Wanted


def run_server(inputs: Inputs, event: Event, env: Mapping[str, str], log: Log) -> list[Outcome]:
    """Ask the server for the task, follow it, and return how it ended.

    Raises :class:`Stop`; cancelled, it stops the task.
    """
    wanted = Wanted.read(inputs, event)
    server = Server(inputs.server, Identity.find(env, event, inputs.server, log))
    try:
        body = wanted.fit(server.ask("GET", f"{API}/openapi.json")[1])
    except (KeyError, TypeError, AttributeError):
        raise Refused(f"{inputs.server} does not describe its tasks. Is it a Forgehand?") from None
    view = _start(server, wanted.name, body, env)
    task = checked(TASK_ID, view.get("id"))
    if not task:
        raise Refused(f"{inputs.server} started no task. Is it a Forgehand?")
    path = f"{API}/tasks/{task}"
    log.say(f"{wanted.name}: {inputs.server}{path}")
    try:
        for data in server.follow(task):
            log.say(_progress(data) if data else "")
    except Interrupted:
        server.ask("POST", f"{path}/cancel")
        log.say("The run was cancelled, so the task is being stopped.")
    view = server.ask("GET", path)[1]
    result = server.ask("GET", f"{path}/result")[1] if view.get("ended") else None
    return [Outcome.of_task(view, result, f"{inputs.server}{path}")]


def _start(server: Server, name: str, body: Json, env: Mapping[str, str]) -> Json:
    """Ask for the task: the attempts of a run ask for the same one.

    Where it ended badly, whoever runs the workflow again has it tried once more.
    """
    step = "-".join(env.get(each, "") for each in ("GITHUB_JOB", "GITHUB_ACTION"))
    asked = hashlib.sha256(f"{step} {name} {json.dumps(body, sort_keys=True)}".encode()).hexdigest()[:24]
    key = "-".join([env.get("GITHUB_REPOSITORY_ID", ""), env.get("GITHUB_RUN_ID", ""), asked])
    attempt = env.get("GITHUB_RUN_ATTEMPT", "1")
    view = server.ask("POST", f"{API}/tasks/{name}", body, key)[1]
    if attempt == "1" or not view.get("ended") or view.get("state") in {"done"} | WAITING:
        return view
    return server.ask("POST", f"{API}/tasks/{view.get('id')}/retry", None, f"{key}-{attempt}")[1]


def _progress(data: Json) -> str:
    """Return an event as a line."""
    kind = str(data.get("kind"))
    words = {"stage": ("stage", "state", "text"), "ended": ("state", "summary")}.get(kind, ("by", "error"))
    parts = ([] if kind in {"stage", "ended"} else [kind]) + [str(data[word]) for word in words if data.get(word)]
    return ": ".join(" ".join(part.split()) for part in parts)[:500]
