"""Define a signal: one piece of news about a service or a branch, from whatever source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.types import JsonModel

SignalKind = Literal[
    "ci_failed",
    "ci_passed",
    "alert_firing",
    "alert_resolved",
    "error_new",
    "error_again",
    "error_resolved",
    "deploy_succeeded",
    "deploy_failed",
    "security_alert",
    "security_resolved",
]
Severity = Literal["critical", "error", "warning", "info"]


class Frame(JsonModel):
    """One frame of a stack trace; the newest stands last."""

    path: str
    function: str = ""
    line: int | None = None
    in_app: bool = True


class Link(JsonModel):
    """A page about a signal; it is shown as text and never fetched."""

    title: str
    url: str


class Signal(JsonModel):
    """One piece of news, with secrets and personal data taken out.

    All texts come from strangers. ``state_key`` names the news: what comes again with it is no news. ``incident_key``
    names the trouble; ``joins`` are other names of it, by which it may belong to an incident that is open already.
    """

    source: str  # "github", "alertmanager", "sentry", ...
    kind: SignalKind
    state_key: str
    incident_key: str
    joins: tuple[str, ...] = ()
    delivery: str = ""  # id of the delivery it came in
    title: str = Field(max_length=200)
    text: str = Field(default="", max_length=8_000)
    severity: Severity = "error"
    started: int  # ms since the epoch, as the source says; when it arrived, where it says nothing
    service: str = ""
    environment: str = ""
    branch: str = ""
    sha: str = ""
    frames: tuple[Frame, ...] = ()
    links: tuple[Link, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)  # what the source knows beside that, for the incident's page
