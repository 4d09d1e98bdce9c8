"""Records of everything a GitHub knows, kept in memory.

Each module holds the records of one concern and nothing that acts on them; :class:`World` leads to all of them. Import
them from here. Where two modules name each other, the upper one is imported for its types only.
"""

from __future__ import annotations

from simhub.model.accounts import Account
from simhub.model.actions import Artifact, Dispatch, Outage, Trigger, WorkflowJob, WorkflowRun
from simhub.model.apps import App, AppCredentials, Conversion, Installation, SignIn, Token
from simhub.model.checks import CheckRun, CheckSuite, Status
from simhub.model.deliveries import Delivery
from simhub.model.deployments import Deployment, DeploymentStatus, RuleRequest
from simhub.model.formats import iso, node_id
from simhub.model.issues import Comment, Event, Issue, Label, Reaction
from simhub.model.pulls import Pull
from simhub.model.repositories import ROLES, Repository
from simhub.model.reviews import Anchor, Review, ReviewComment, Thread
from simhub.model.rules import Protection, Rule, Ruleset
from simhub.model.world import World

__all__ = [
    "ROLES",
    "Account",
    "Anchor",
    "App",
    "AppCredentials",
    "Artifact",
    "CheckRun",
    "CheckSuite",
    "Comment",
    "Conversion",
    "Delivery",
    "Deployment",
    "DeploymentStatus",
    "Dispatch",
    "Event",
    "Installation",
    "Issue",
    "Label",
    "Outage",
    "Protection",
    "Pull",
    "Reaction",
    "Repository",
    "Review",
    "ReviewComment",
    "Rule",
    "RuleRequest",
    "Ruleset",
    "SignIn",
    "Status",
    "Thread",
    "Token",
    "Trigger",
    "WorkflowJob",
    "WorkflowRun",
    "World",
    "iso",
    "node_id",
]
