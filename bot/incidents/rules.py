"""Define the policy's section about incidents: everything is off until it is switched on."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, field_validator

from bot.policy import TaskRules
from bot.types import JsonModel

Mode = Literal["off", "propose", "act"]
Act = Literal["heal", "rerun", "revert", "rollback", "quarantine"]
"""The tasks that may be started, by their names."""
ACTS: tuple[Act, ...] = ("rerun", "heal", "quarantine", "revert", "rollback")
_Text = Annotated[str, Field(max_length=200)]


class ServiceRules(JsonModel):
    """The rules of one service that signals may name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: _Text = Field(default="", description="where it runs, as deployments name it")
    rollback: Mode | None = Field(default=None, description="in place of `incidents.rollback`, for this service")
    paths: tuple[_Text, ...] = Field(default=(), description="folders its code lies in")
    workflow: _Text = Field(default="", description="file of the workflow that deploys it")
    health: str | None = Field(
        default=None,
        max_length=500,
        description="address that answers with 2xx while it is well; the server fetches it",
    )

    @field_validator("health")
    @classmethod
    def _check_health(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://unset")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise ValueError(
                "not an http(s) URL without credentials; it must look like https://shop.example.com/health"
            )
        return value


class IncidentRules(TaskRules):
    """The section ``incidents``."""

    section: ClassVar[str] = "incidents"

    enabled: bool = Field(
        default=False, description="keep an issue about each incident, also where nothing below is switched on"
    )
    heal: Mode = Field(default="off", description="fix the cause of red CI")
    rerun: Mode = Field(default="off", description="run failed jobs once more, where their machine was the cause")
    revert: Mode = Field(default="off", description="take back the one commit that can have broken a branch")
    rollback: Mode = Field(default="off", description="deploy what ran before, where a deployment broke a service")
    quarantine: Mode = Field(default="off", description="let a test that is shown to be flaky fail for a while")
    branches: tuple[_Text, ...] = Field(
        default=(), max_length=20, description="branches whose red CI is an incident; the default branch where empty"
    )
    services: dict[_Text, ServiceRules] = Field(
        default_factory=dict, description="services that signals may name; what names no service is never acted on"
    )

    @property
    def is_on(self) -> bool:
        """Return whether anything becomes an incident here."""
        return self.enabled or bool(self.services) or any(self.mode(act) != "off" for act in ACTS)

    def mode(self, act: Act) -> Mode:
        """Return what is permitted of an act."""
        return {
            "heal": self.heal,
            "rerun": self.rerun,
            "revert": self.revert,
            "rollback": self.rollback,
            "quarantine": self.quarantine,
        }[act]

    def watches(self, branch: str, default: str) -> bool:
        """Return whether red CI of a branch is an incident."""
        return branch in (self.branches or (default,))
