"""Keep repositories, and who may do what in them.

A repository holds the records that belong to it, such as its issues, checks and runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from simhub.model.accounts import Account
from simhub.model.actions import Dispatch, Outage, WorkflowRun
from simhub.model.checks import CheckSuite, Status
from simhub.model.deployments import Deployment, RuleRequest
from simhub.model.issues import Issue, Label
from simhub.model.pulls import Pull
from simhub.model.rules import Protection, Ruleset

ROLES = ("none", "read", "triage", "write", "maintain", "admin")


@dataclass(eq=False)
class Repository:
    id: int
    owner: Account
    name: str
    path: Path
    default_branch: str
    created_at: datetime
    pushed_at: datetime
    private: bool = False
    description: str | None = None
    archived: bool = False
    parent: Repository | None = None
    roles: dict[str, str] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    issues: dict[int, Issue] = field(default_factory=dict)
    suites: list[CheckSuite] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    protections: list[Protection] = field(default_factory=list)
    rulesets: list[Ruleset] = field(default_factory=list)
    transferred: dict[int, Issue] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    workflow_runs: list[WorkflowRun] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    rule_requests: list[RuleRequest] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    runs_workflows: bool = False  # its workflow files are really run
    outages: list[Outage] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"

    def next_number(self) -> int:
        """Return the number of the next issue; those of deleted and transferred ones are not used again."""
        return max([0, *self.issues, *self.transferred, *self.deleted]) + 1

    @property
    def pulls(self) -> list[Pull]:
        return [issue.pull for issue in self.issues.values() if issue.pull]

    def has_collaborator(self, account: Account) -> bool:
        return account is self.owner or self.roles.get(account.login.lower(), "none") != "none"

    def role_of(self, account: Account) -> str:
        """Return the role GitHub calls ``role_name``.

        Readers of public repositories have ``read``.
        """
        if account is self.owner:
            return "admin"
        granted = self.roles.get(account.login.lower(), "none")
        return "read" if granted == "none" and not self.private else granted
