"""Define the section ``rollback`` of a repository's policy: no environment is rolled back unless it is named."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from bot.incidents.rules import IncidentRules, ServiceRules
from bot.policy import Policy, TaskRules
from bot.types import JsonModel

Way = Literal["deployment", "workflow", "webhook"]
_Text = Annotated[str, Field(max_length=200)]


class EnvironmentRules(JsonModel):
    """The ways in which one environment is rolled back."""

    ways: tuple[Way, ...] = Field(
        default=("deployment",), min_length=1, description="tried in their order until one is taken"
    )
    workflow: _Text = Field(default="", description="file name of the workflow that deploys a commit it is given")
    input: _Text = Field(default="sha", description="the input of the workflow that takes the commit")
    webhook: str = Field(default="", max_length=500, description="address of the deploy system, of a public host")
    source: _Text = Field(default="", description="id of the source of signals whose secret signs the webhook")

    @field_validator("webhook")
    @classmethod
    def _check_webhook(cls, value: str) -> str:
        parts = urlsplit(value or "https://unset")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
            raise ValueError("not an http(s) URL without credentials; it must look like https://deploy.example.com/x")
        return value

    @model_validator(mode="after")
    def _check_ways(self) -> EnvironmentRules:
        """Refuse a way that lacks what it needs; else an incident would tell."""
        needs = {"workflow": ("workflow",), "webhook": ("webhook", "source")}
        lacking = [name for way in self.ways for name in needs.get(way, ()) if not getattr(self, name)]
        if lacking:
            raise ValueError(f"a way needs {' and '.join(f'`{name}`' for name in lacking)} beside `ways`")
        return self


class RollbackRules(TaskRules):
    """Rules of rollbacks."""

    section: ClassVar[str] = "rollback"

    environments: dict[_Text, EnvironmentRules] = Field(
        default_factory=dict,
        max_length=50,
        description="environments that may be rolled back, each with its `ways` (`deployment`: through the deployments "
        "API, `workflow`: by dispatching its `workflow`, a file name, with the commit as its `input`, `webhook`: by a "
        "post to its `webhook`, signed with the secret of its `source`); their health is asked at the addresses of "
        "`incidents.services`",
    )


def find_services(policy: Policy, environment: str) -> list[ServiceRules]:
    """Return what the policy says of the services in an environment."""
    services = policy.rules(IncidentRules).services.values()
    return [one for one in services if one.environment == environment]
