"""Count events as they happen. No label names a repository or a person."""

from __future__ import annotations

from prometheus_client import Counter, Histogram

WEBHOOK_SECONDS = Histogram(
    "forgehand_webhook_seconds",
    "Seconds from a delivery's headers to its answer.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
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
SANDBOX_RUNS = Counter("forgehand_sandbox_runs", "Commands run in the sandbox.", ["tier", "ended"])
SIGNAL_SECONDS = Histogram(
    "forgehand_signal_seconds",
    "Seconds from a signal's headers to its answer.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
