"""Records of everything a GitHub knows, kept in memory."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROLES = ("none", "read", "triage", "write", "maintain", "admin")


def iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def node_id(prefix: str, number: int) -> str:
    return f"{prefix}_{base64.urlsafe_b64encode(f'0:{prefix}{number}'.encode()).decode().rstrip('=')}"


@dataclass(eq=False)
class Account:
    """A person, an organisation or an App's bot. ``token`` is a personal access token, empty for bots."""

    id: int
    login: str
    type: str = "User"
    name: str | None = None
    email: str | None = None
    token: str = field(default="", repr=False)
    owners: set[int] = field(default_factory=set)  # ids of those who own an organisation


@dataclass(eq=False)
class App:
    id: int
    slug: str
    name: str
    owner: Account
    bot: Account
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    created_at: datetime
    webhook_url: str | None = None
    webhook_secret: str = field(default="", repr=False)
    hook_id: int = 0
    permissions: dict[str, str] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    external_url: str = "https://example.org/"
    description: str = ""
    callback_urls: list[str] = field(default_factory=list)  # where sign-ins may lead back to; empty: anywhere
    setup_url: str = ""  # where an installation leads back to


@dataclass(eq=False)
class AppCredentials:
    """The keys that an App's owner is given once: everything its bot needs. ``webhook_url`` may be set at any time."""

    app_id: int
    slug: str
    private_key: str = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    bot_login: str
    bot_id: int
    app: App

    @property
    def webhook_url(self) -> str | None:
        return self.app.webhook_url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.app.webhook_url = url


@dataclass(eq=False)
class Installation:
    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    events: list[str]
    created_at: datetime
    updated_at: datetime
    all_repositories: bool = False
    repositories: list[Repository] = field(default_factory=list)
    suspended_at: datetime | None = None
    suspended_by: Account | None = None
    deleted: bool = False

    def covers(self, repository: Repository) -> bool:
        if self.all_repositories:
            return repository.owner is self.account
        return repository in self.repositories


@dataclass(eq=False)
class Token:
    """An installation access token. ``repositories`` is None where it reaches all of its installation."""

    value: str = field(repr=False)
    installation: Installation
    permissions: dict[str, str]
    repositories: list[Repository] | None
    created: float
    expires: float
    revoked: bool = False

    def covers(self, repository: Repository) -> bool:
        if not self.installation.covers(repository):
            return False
        return self.repositories is None or repository in self.repositories


@dataclass(eq=False)
class Label:
    id: int
    name: str
    color: str = "ededed"
    description: str | None = None
    default: bool = False


@dataclass(eq=False)
class Reaction:
    id: int
    user: Account
    content: str
    created_at: datetime


@dataclass(eq=False)
class Comment:
    id: int
    issue: Issue
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)
    minimized: str | None = None


@dataclass(eq=False)
class Event:
    """A line of an issue's timeline. ``data`` holds the keys that only this kind of event has."""

    id: int
    event: str
    actor: Account
    created_at: datetime
    app: App | None = None
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Issue:
    id: int
    number: int
    repository: Repository
    user: Account
    title: str
    body: str | None
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: Account | None = None
    locked: bool = False
    app: App | None = None
    labels: list[Label] = field(default_factory=list)
    assignees: list[Account] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    reactions: list[Reaction] = field(default_factory=list)
    pull: Pull | None = None
    parent: Issue | None = None
    sub_issues: list[Issue] = field(default_factory=list)


@dataclass(eq=False)
class Pull:
    """The part of a pull request beyond its issue. ``head_repository`` is None once the fork is deleted.

    ``merged_onto`` is the base it was merged onto here; None also where a push brought its commits in.
    """

    id: int
    issue: Issue
    head_repository: Repository | None
    head_ref: str
    head_sha: str
    base_ref: str
    base_sha: str
    draft: bool = False
    maintainer_can_modify: bool = False
    merged_at: datetime | None = None
    merged_by: Account | None = None
    merge_commit_sha: str | None = None
    merged_onto: str | None = None
    mergeable: bool | None = None
    mergeable_for: tuple[str, str] | None = None
    reviewers: list[Account] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.issue.number

    @property
    def repository(self) -> Repository:
        return self.issue.repository

    @property
    def review_comments(self) -> list[ReviewComment]:
        return [comment for thread in self.threads for comment in thread.comments]


@dataclass(eq=False)
class Review:
    id: int
    pull: Pull
    user: Account
    body: str
    state: str
    commit_id: str
    submitted_at: datetime | None
    app: App | None = None
    reactions: list[Reaction] = field(default_factory=list)


@dataclass(frozen=True)
class Anchor:
    """Anchor of a review comment. ``line`` is None for a comment on the whole file."""

    path: str
    line: int | None
    side: str = "RIGHT"
    start_line: int | None = None
    start_side: str | None = None
    hunk: str = ""
    position: int | None = None


@dataclass(eq=False)
class Thread:
    """A review thread: ``anchor`` is where it was made, on ``commit_id``; ``place`` where that is now, if anywhere."""

    id: int
    pull: Pull
    anchor: Anchor
    commit_id: str
    place: Anchor | None = None
    comments: list[ReviewComment] = field(default_factory=list)
    resolved_by: Account | None = None

    @property
    def outdated(self) -> bool:
        return self.place is None

    def seen_by(self, account: Account | None) -> bool:
        """Tell whether an account may see the thread.

        Before its review is submitted, only its author sees it.
        """
        review = self.comments[0].review
        return review.state != "PENDING" or review.user is account


@dataclass(eq=False)
class ReviewComment:
    id: int
    thread: Thread
    review: Review
    user: Account
    body: str
    created_at: datetime
    updated_at: datetime
    in_reply_to: int | None = None
    reactions: list[Reaction] = field(default_factory=list)
    minimized: str | None = None


@dataclass(eq=False)
class CheckSuite:
    id: int
    repository: Repository
    app: App
    head_sha: str
    head_branch: str | None
    created_at: datetime
    updated_at: datetime
    before: str | None = None
    runs: list[CheckRun] = field(default_factory=list)


@dataclass(eq=False)
class CheckRun:
    id: int
    suite: CheckSuite
    name: str
    status: str
    started_at: datetime
    conclusion: str | None = None
    completed_at: datetime | None = None
    details_url: str | None = None
    external_id: str = ""
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[dict[str, Any]] = field(default_factory=list)
    actions: list[dict[str, str]] = field(default_factory=list)


@dataclass(eq=False)
class Status:
    id: int
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: datetime


@dataclass(eq=False)
class Protection:
    """A classic branch protection. ``allow`` names the logins and App slugs that are let through."""

    pattern: str
    allow: frozenset[str] = frozenset()
    required_reviews: int = 0


@dataclass(frozen=True)
class Rule:
    """A rule of a ruleset: its kind and parameters as the REST API names them."""

    kind: str
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Ruleset:
    """An active ruleset for branches. ``allow`` names the logins and App slugs on its bypass list."""

    id: int
    name: str
    pattern: str
    rules: tuple[Rule, ...]
    allow: frozenset[str]
    created_at: datetime


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


@dataclass(eq=False)
class WorkflowJob:
    """A job of one attempt of a run. Its check run has the same id."""

    id: int
    run: WorkflowRun
    name: str
    status: str
    conclusion: str | None
    started_at: datetime
    completed_at: datetime | None
    log: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    attempt: int = 1


@dataclass(eq=False)
class Artifact:
    """What a run uploaded: a zip, which ends long before the run does."""

    id: int
    name: str
    content: bytes
    created_at: datetime
    expired: bool = False


@dataclass(eq=False)
class WorkflowRun:
    id: int
    repository: Repository
    name: str
    path: str
    event: str
    head_branch: str | None
    head_sha: str
    head_repository: Repository
    actor: Account
    suite: CheckSuite
    created_at: datetime
    updated_at: datetime
    status: str = "queued"
    conclusion: str | None = None
    attempt: int = 1
    number: int = 1
    workflow_id: int = 0
    jobs: list[WorkflowJob] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)
    past: list[WorkflowJob] = field(default_factory=list)  # jobs of earlier attempts that ran again
    started_at: datetime | None = None  # of this attempt; None in the first one

    def job(self, number: str) -> WorkflowJob | None:
        """Return a job of any attempt by its id."""
        return next((job for job in [*self.jobs, *self.past] if str(job.id) == number), None)


@dataclass(frozen=True)
class Trigger:
    """What may start workflows: a push to a branch, or a pull request that has another head."""

    event: str
    repository: Repository
    head_repository: Repository
    branch: str
    sha: str
    actor: Account


@dataclass
class Outage:
    """A fault of the machine that runs the next jobs of a name: it shows ``log`` and ends in this step."""

    job: str
    log: str
    step: str = "Set up job"
    times: int = 1
    conclusion: str = "failure"


@dataclass(eq=False)
class Delivery:
    """One attempt to deliver a webhook. Redeliveries are further records under the same ``guid``."""

    id: int
    guid: str
    app: App
    event: str
    action: str | None
    installation_id: int | None
    repository_id: int | None
    url: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    delivered_at: datetime
    redelivery: bool = False
    duration: float = 0.0
    status: str = "pending"
    status_code: int = 0
    response_headers: dict[str, str] = field(default_factory=dict)
    response_body: str = ""


@dataclass(eq=False)
class Deployment:
    """A request to deploy a commit; ``run`` is the workflow run that it is part of, if it is."""

    id: int
    repository: Repository
    sha: str
    ref: str
    task: str
    environment: str
    description: str | None
    payload: Any
    creator: Account
    created_at: datetime
    transient: bool = False
    production: bool = False
    app: App | None = None
    run: WorkflowRun | None = None
    statuses: list[DeploymentStatus] = field(default_factory=list)


@dataclass(eq=False)
class DeploymentStatus:
    id: int
    deployment: Deployment
    state: str
    environment: str
    description: str
    target_url: str
    environment_url: str
    creator: Account
    created_at: datetime
    app: App | None = None


@dataclass(eq=False)
class RuleRequest:
    """A deployment that waits for the answer of an App's protection rule."""

    run: WorkflowRun
    app: App
    deployment: Deployment
    state: str | None = None
    comments: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Dispatch:
    """A call of ``workflow_dispatch`` with its inputs."""

    run: WorkflowRun
    inputs: dict[str, Any]


@dataclass(frozen=True)
class SignIn:
    """An authorisation code that waits to be exchanged."""

    client_id: str
    user: Account
    redirect_uri: str
    challenge: str
    until: float


@dataclass(frozen=True)
class Conversion:
    """A freshly registered App that waits for its conversion."""

    credentials: AppCredentials
    until: float


@dataclass(eq=False)
class World:
    """Everything that exists, with look-ups. Names compare without case, as on GitHub.

    ``verified`` holds the commits that GitHub signed for a bot.
    """

    clock: Callable[[], float]
    accounts: dict[str, Account] = field(default_factory=dict)
    apps: dict[int, App] = field(default_factory=dict)
    installations: dict[int, Installation] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    moved: dict[str, Repository] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    user_tokens: dict[str, Account] = field(default_factory=dict)
    app_tokens: dict[str, App] = field(default_factory=dict)  # which App each person's ``ghu_`` token was made for
    last_id: int = 3_000_000_000
    actions: App | None = None
    verified: set[str] = field(default_factory=set)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def new_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def account(self, login: str) -> Account | None:
        return self.accounts.get(login.lower())

    def repository(self, full_name: str) -> Repository | None:
        return self.repositories.get(full_name.lower())

    def repository_by_id(self, number: int) -> Repository | None:
        return next((r for r in self.repositories.values() if r.id == number), None)

    def installation_of(self, app: App, repository: Repository) -> Installation | None:
        found = (i for i in self.installations.values() if i.app is app and i.covers(repository) and not i.deleted)
        return next(found, None)
