"""Signals as sources send them, for tests."""

from __future__ import annotations

from typing import Any

from bot.signals.records import Signal, SignalKind
from bot.types import Repository

HERE = Repository(id=3_000_000_041, owner="octo", name="sample", installation=1)
NOW = 1_800_000_000_000
MINUTE = 60_000


def job(
    name: str = "test", *, kind: SignalKind = "ci_failed", run: int = 1, at: int = NOW, sha: str = "b" * 40, **more: Any
) -> Signal:
    """The end of a job on the default branch."""
    return Signal(
        source="github",
        kind=kind,
        state_key=f"check {name} {run} {kind}",
        incident_key=f"ci main ci.yml {name}",
        title=f"{name} failed on main",
        started=at,
        branch="main",
        sha=sha,
        **more,
    )


def alert(name: str = "down", *, kind: SignalKind = "alert_firing", at: int = NOW, **more: Any) -> Signal:
    """An alert of Alertmanager's, named by its labels without those of a pod."""
    fields = {"service": "shop", "environment": "production", "state_key": f"{name} {at} {kind}"} | more
    return Signal(
        source="alertmanager", kind=kind, incident_key=f"alertmanager {name}", title=name, started=at, **fields
    )
