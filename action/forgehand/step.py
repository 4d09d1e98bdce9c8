"""Do the whole step: read, run in one of the two modes, tell.

Only this module handles signals and writes to the files that the runner reads.
"""

from __future__ import annotations

import secrets
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import Interrupted, Stop
from .event import Event
from .inputs import LEVELS, Inputs
from .local_mode import run_local
from .log import Log, plain_lines
from .outcome import Outcome, cut_summary
from .server_mode import run_server


def main(env: Mapping[str, str]) -> int:
    """Do what the workflow asks for; return the exit code."""
    log = Log()
    log.hold()
    for name in ("INPUT_ANTHROPIC_API_KEY", "INPUT_OPENAI_API_KEY", "INPUT_GITHUB_TOKEN"):
        log.mask(env.get(name, ""))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    fail_on = env.get("INPUT_FAIL_ON", "").strip()
    fail_on = fail_on if fail_on in LEVELS else "failed"
    try:
        inputs = Inputs.read(env)
        event = Event.read(env)
        outcomes = (run_server if inputs.server else run_local)(inputs, event, env, log)
    except Stop as stopped:
        outcomes = [Outcome(stopped.state, str(stopped))]
    except Interrupted:
        outcomes = [Outcome("cancelled", "The run was cancelled before there was a task.")]
    return tell(outcomes, fail_on, env, log)


def tell(outcomes: Sequence[Outcome], fail_on: str, env: Mapping[str, str], log: Log) -> int:
    """Write outputs, summary and annotations; return the exit code."""
    allowed = LEVELS.index(fail_on)
    worst = max(outcomes, key=lambda outcome: (0 < outcome.level <= allowed, 5 - outcome.level if outcome.level else 0))
    for outcome in outcomes:
        failed = 0 < outcome.level <= allowed
        kind = "warning" if outcome.level else "notice"
        if failed:
            kind = "error"
        message = "\n".join(plain_lines(outcome.words)) or outcome.state
        log.command(kind, message[:4000], title=f"Forgehand: {outcome.title}")
    _append(env.get("GITHUB_STEP_SUMMARY"), cut_summary("\n".join(outcome.summary() for outcome in outcomes)))
    for name, value in worst.outputs().items():
        mark = f"end-{secrets.token_hex(20)}"
        _append(env.get("GITHUB_OUTPUT"), f"{name}<<{mark}\n{value}\n{mark}\n")
    return 1 if 0 < worst.level <= allowed else 0


def _append(path: str | None, text: str) -> None:
    if path:
        with open(path, "ab") as file:  # noqa: PTH123 - the runner made it
            file.write(text.encode())


def _interrupt(*_: Any) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):  # the runner sends both; the first is enough
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted
