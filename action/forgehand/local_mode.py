"""Run the whole bot on the runner, for the one event or task.

Its data lies in a folder that is removed at the end; only the installed requirements stay.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .api import Json
from .bot_process import Bot, bot_environment
from .credentials import KEYS, given, is_federated
from .errors import Refused, Skipped, WrongUse
from .event import Event
from .federation import ANTHROPIC, shown
from .identity import Identity
from .inputs import Inputs
from .installation import ROOT, place_of, prepare
from .log import Log
from .outcome import Outcome
from .wanted import Wanted

_DOCUMENT = ROOT / "docs" / "openapi.json"


def run_local(inputs: Inputs, event: Event, env: Mapping[str, str], log: Log) -> list[Outcome]:
    """Run the bot here for the event, or for the task that is asked for; return how its tasks ended.

    Raises :class:`Stop`.
    """
    _check_local(event, env)
    asked = _asked_task(inputs, event, env) if inputs.task or inputs.context or inputs.number is not None else None
    identity = Identity.find(env, event, ANTHROPIC, log) if is_federated(env) else None
    python = prepare(place_of(env), log)
    folder = Path(tempfile.mkdtemp(prefix="forgehand-", dir=env.get("RUNNER_TEMP") or None))
    try:
        with shown(identity, folder / "identity") as more:
            bot = Bot(python, folder, {**bot_environment(folder / "data", inputs, env), **more}, log)
            report = bot.deliver(event, asked, env)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    url = (
        f"{env.get('GITHUB_SERVER_URL', '')}/{env.get('GITHUB_REPOSITORY', '')}/actions/runs/{env.get('GITHUB_RUN_ID')}"
    )
    if report["tasks"]:
        return [Outcome.of_task(each["task"], each["result"], url) for each in report["tasks"]]
    if report["refusals"]:
        raise Refused(report["refusals"][0])
    if report["problem"]:
        return [Outcome("failed", report["problem"], url=url)]
    raise Skipped("Nothing in this event asks for a task.")


def _check_local(event: Event, env: Mapping[str, str]) -> None:
    """Raise :class:`Stop` where the bot cannot or must not run here."""
    if sys.version_info < (3, 11):
        raise WrongUse("Local mode needs Python 3.11: use `ubuntu-24.04`, or `actions/setup-python` in a step before.")
    workspace = Path(env.get("GITHUB_WORKSPACE") or os.devnull)
    if event.name == "pull_request_target" and workspace.is_dir() and any(workspace.iterdir()):
        raise WrongUse(
            "This run has the rights of the base branch, and a step before has filled the workspace, perhaps with the "
            "code of the pull request. Check nothing out before this step; it needs no checkout."
        )
    key = is_federated(env) or any(given(env, name) for name in (*KEYS, "FORGEHAND_MODELS"))
    shut = not key or (is_federated(env) and not env.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
    if event.from_fork and shut:
        raise Skipped(
            "GitHub gives runs about pull requests from forks no secrets and no identity, so there is no key for a "
            "model."
        )
    if not key:
        raise WrongUse(
            "Local mode needs a model: give the input `anthropic-api-key` or `openai-api-key`, or "
            "`anthropic-federation-rule-id` and `anthropic-organization-id`."
        )
    if not env.get("INPUT_GITHUB_TOKEN"):
        raise WrongUse("Local mode needs the input `github-token`; by default it is the run's own.")


def _asked_task(inputs: Inputs, event: Event, env: Mapping[str, str]) -> Json:
    """Return the task that the inputs ask for, and for whom.

    Raises :class:`Stop`.
    """
    wanted = Wanted.read(inputs, event)
    body = wanted.fit(json.loads(_DOCUMENT.read_bytes()))
    numbers = [env.get(name, "") for name in ("GITHUB_REPOSITORY_ID", "GITHUB_ACTOR_ID")]
    if not all(each.isdigit() for each in numbers):
        raise WrongUse("The runner does not say who set the run off: `GITHUB_ACTOR_ID` or `GITHUB_REPOSITORY_ID`.")
    return {
        "task": wanted.name,
        "body": body,
        "repository": {"id": int(numbers[0]), "full_name": env.get("GITHUB_REPOSITORY", "")},
        "actor": {"id": int(numbers[1]), "login": env.get("GITHUB_ACTOR", "")},
        "event": event.name,
        "ref": env.get("GITHUB_REF", ""),
    }
