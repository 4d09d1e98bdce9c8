"""A GitHub that fits in a process: REST, git over HTTP, signed webhooks and pages, strict where GitHub is strict."""

from __future__ import annotations

from simhub.faults import Fault
from simhub.hub import Hub
from simhub.model import AppCredentials, Outage
from simhub.webhooks import Disorder
from simhub.workflows import Job

__all__ = ["AppCredentials", "Disorder", "Fault", "Hub", "Job", "Outage"]
