"""Webhooks about check runs."""

from __future__ import annotations

from typing import Any

from simhub import pull_shapes
from simhub.model import Account, CheckRun, CheckSuite
from simhub.state import State

_FOR_THE_OWNER = ("rerequested", "requested_action")


async def emit(hub: State, run: CheckRun, action: str, sender: Account, **extra: Any) -> None:
    """Tell every listening App; what asks for work goes only to the App that made the run."""
    repo = run.suite.repository
    suite = await pull_shapes.check_suite_hook(hub, run.suite)
    payload = {"action": action, "check_run": pull_shapes.check_run(hub, run) | {"check_suite": suite}, **extra}
    if action in _FOR_THE_OWNER:
        hub.webhooks.emit_check(run.suite.app, "check_run", payload, repo, sender)
    else:
        hub.webhooks.emit("check_run", payload, repo, sender)


async def completed(hub: State, run: CheckRun, sender: Account) -> None:
    await emit(hub, run, "completed", sender)
    if pull_shapes.suite_state(run.suite)[0] == "completed":
        await suite_completed(hub, run.suite, sender)


async def suite_completed(hub: State, suite: CheckSuite, sender: Account) -> None:
    payload = {"action": "completed", "check_suite": await pull_shapes.check_suite_hook(hub, suite)}
    hub.webhooks.emit("check_suite", payload, suite.repository, sender)
