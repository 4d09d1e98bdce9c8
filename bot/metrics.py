"""Count events as they happen. No label names a repository or a person."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from prometheus_client import Counter, Gauge, Histogram, Info, disable_created_metrics

_QUICK = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
_TO_AN_HOUR = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_awaited: ContextVar[list[float]] = ContextVar("arrivals_without_a_sign")

disable_created_metrics()  # type: ignore[no-untyped-call]  # Prometheus finds out by itself when a counter began anew

BUILD = Info("forgehand_build", "The build that runs.")
WEBHOOK_SECONDS = Histogram(
    "forgehand_webhook_seconds", "Seconds from a delivery's headers to its answer.", buckets=_QUICK
)
COMMIT_SECONDS = Histogram(
    "forgehand_inbox_commit_seconds",
    "Seconds one commit of the inbox took, disk included.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1),
)
DUPLICATES = Counter("forgehand_duplicate_deliveries", "Deliveries that came again and were not done again.")
HANDLED = Counter("forgehand_handled_deliveries", "Deliveries handled.", ["result"])
RECOVERED = Counter(
    "forgehand_recovered_deliveries", "Open deliveries found at start, or missed and found by the sweep."
)
FIRST_SIGN_SECONDS = Histogram(
    "forgehand_first_sign_seconds",
    "Seconds from a delivery's arrival to the first reaction, answer or check run that people saw.",
    buckets=_TO_AN_HOUR,
)
SIGNAL_SECONDS = Histogram("forgehand_signal_seconds", "Seconds from a signal's headers to its answer.", buckets=_QUICK)

ENDED_TASKS = Counter("forgehand_ended_tasks", "Tasks that ran to an end, by how they ended.", ["outcome"])
STAGE_SECONDS = Histogram(
    "forgehand_stage_seconds", "Seconds that a stage of a task took.", ["stage"], buckets=_TO_AN_HOUR
)
OVERDUE_STEPS = Gauge("forgehand_overdue_steps", "Steps that run for longer than they may, an hour if nothing is said.")
REPLAYS = Counter("forgehand_step_replays", "Steps that began again because a process ended in their midst.")
BEAT = Gauge("forgehand_last_beat_timestamp_seconds", "When the engine last looked after its work.")
SANDBOX_RUNS = Counter("forgehand_sandbox_runs", "Commands run in the sandbox.", ["tier", "ended"])
SANDBOX_TIER = Gauge("forgehand_sandbox_tier", "1 for the tier in use.", ["tier"])
SANDBOX_WEAK = Gauge("forgehand_sandbox_weak", "1 if the tier that was asked for does not work here.")

MODEL_QUESTIONS = Counter(
    "forgehand_model_questions", "Questions to a role's models, by how they ended.", ["role", "result"]
)
MODEL_ERRORS = Counter("forgehand_model_errors", "Tries that a model did not answer, by why.", ["model", "error"])
MODEL_FALLBACKS = Counter("forgehand_model_fallbacks", "Answers that another model gave than the first.", ["role"])
FIRST_TOKEN_SECONDS = Histogram(
    "forgehand_model_first_token_seconds",
    "Seconds from a question to the first event of the answer.",
    ["model"],
    buckets=(0.1, 0.2, *_TO_AN_HOUR),
)
DOLLARS = Counter("forgehand_model_dollars", "Dollars paid for models.", ["model", "role"])
BUDGET_REFUSALS = Counter("forgehand_budget_refusals", "Calls that a limit of money or tokens forbade.", ["scope"])

GITHUB_REQUESTS = Counter("forgehand_github_requests", "Requests to GitHub, by class of answer.", ["status"])
GITHUB_LIMITED = Counter("forgehand_github_limited", "Answers of GitHub that ask us to wait, by limit.", ["limit"])


@contextmanager
def awaiting_sign(since: int) -> Iterator[None]:
    """Time the first sign that is given inside, from ``since`` on (epoch ms)."""
    token = _awaited.set([since / 1000])
    try:
        yield
    finally:
        _awaited.reset(token)


def note_sign() -> None:
    """Note that people have seen something; only the first time counts."""
    arrivals = _awaited.get([])
    if arrivals:
        FIRST_SIGN_SECONDS.observe(max(time.time() - arrivals.pop(), 0.0))
