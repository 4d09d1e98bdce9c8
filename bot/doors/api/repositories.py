"""List repositories, and tell how it goes in one."""

from __future__ import annotations

from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import Moment, RepositoryName, maybe_moment
from bot.doors.api.operation import Operations, Sent
from bot.doors.api.views import TaskView, load_views
from bot.policy.organisation import OPEN, Stage
from bot.store import acceptance, places
from bot.store.database import now_ms
from bot.types import JsonModel

operations = Operations("repositories")
_MONTH_MS = 30 * 86_400_000


class RepositoryQuery(Sent):
    """The repository that is meant."""

    repository: RepositoryName


class RepositoryItem(JsonModel):
    """A repository and how it went there within 30 days."""

    repository: str
    tasks: int = Field(description="tasks that were asked for")
    failed: int = Field(description="tasks that failed")
    newest_at: Moment | None = Field(description="when its newest task was asked for")


class RepositoryList(JsonModel):
    """The repositories that the caller may read about, by name."""

    items: tuple[RepositoryItem, ...]


class AcceptanceView(JsonModel):
    """Ends of the pull requests of one type of task."""

    task: str
    merged: int = Field(description="as they were made")
    edited: int = Field(description="merged after people changed them")
    closed: int
    reverted: int


class RepositoryView(JsonModel):
    """A repository as the server sees it."""

    repository: str
    default_branch: str
    private: bool
    stage: Stage = Field(description="`on`, `pilot`, `paused` or `outside`, by the organisation's file")
    stopped: str = Field(description="why nothing may be started there, empty where it may")
    url: str = Field(description="its address on GitHub")
    acceptance: tuple[AcceptanceView, ...] = Field(description="all that ended; `GET /worth` tells of some days")
    last_failure: TaskView | None = Field(description="the newest task that failed")


@operations.add("GET", "/repositories", scope="read")
async def list_repositories(context: Context, caller: Caller) -> RepositoryList:
    """List the repositories that the caller may read about.

    For administrators: those that any task was about.
    """
    named = await context.gate.list_readable(caller, "figures")
    store = context.services.store
    names = await store.read(places.list_names) if named is None else [each.full_name for each in named]
    rows = await store.read(places.count_tasks, names, now_ms() - _MONTH_MS)
    return RepositoryList(
        items=tuple(
            RepositoryItem(repository=row.name, tasks=row.tasks, failed=row.failed, newest_at=maybe_moment(row.newest))
            for row in rows
        )
    )


@operations.add("GET", "/repository", scope="read")
async def read_repository(context: Context, caller: Caller, query: RepositoryQuery) -> RepositoryView:
    """Tell how it goes in a repository."""
    services = context.services
    repository = await context.gate.readable(caller, query.repository, "read figures")
    policy, _ = await services.policies.load_or_default(repository)
    governed = policy.organisation or OPEN
    ends = await services.store.read(acceptance.measure, repository.full_name)
    failed = await services.store.read(places.find_failure, repository.id, repository.full_name)
    newest = [] if failed is None else [failed]
    views = await services.store.read(lambda connection: load_views(connection, newest, services))
    return RepositoryView(
        repository=repository.full_name,
        default_branch=repository.default_branch,
        private=repository.private,
        stage=governed.stage,
        stopped=governed.stopped,
        url=f"{services.settings.web_url}/{repository.full_name}",
        acceptance=tuple(
            AcceptanceView(
                task=one.flow, merged=one.merged, edited=one.edited, closed=one.closed, reverted=one.reverted
            )
            for one in ends
        ),
        last_failure=views[0] if views else None,
    )
