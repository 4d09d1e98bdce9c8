"""Read incidents: what broke, what was decided, how it ended."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from bot.doors.api.callers import Caller
from bot.doors.api.context import Context
from bot.doors.api.fields import Moment, PageQuery, RepositoryName, cursor, maybe_moment, moment
from bot.doors.api.figures import ServiceView, show_service
from bot.doors.api.operation import Operations
from bot.doors.api.problems import Problem
from bot.incidents.records import DAY, POST_MORTEM
from bot.incidents.story import IncidentStory, load_story
from bot.store import artifacts, incident_lists, lessons
from bot.store.database import now_ms
from bot.store.incidents import Incident, IncidentKind, IncidentState
from bot.types import JsonModel, Repository

operations = Operations("incidents")
_MEASURED = 90  # days
IncidentId = Annotated[str, Field(pattern="^[0-9a-f]{12}$", description="an incident's id")]


class IncidentQuery(PageQuery):
    """The incidents that are wanted."""

    repository: RepositoryName | None = Field(
        default=None, description="needed, unless the token is bound to repositories or an administrator's"
    )
    state: IncidentState | None = None


class IncidentView(JsonModel):
    """An incident as it stands."""

    id: str
    repository: str = Field(description="`OWNER/NAME`")
    kind: IncidentKind
    state: IncidentState
    title: str = Field(description="as its source says; a stranger's words")
    cause: str = Field(description="class of the cause, as far as records show it")
    severity: str
    service: str
    environment: str
    branch: str
    good_sha: str = Field(description="last commit that was good, empty where none is known")
    bad_sha: str = Field(description="first commit that was bad, empty where none is known")
    count: int = Field(description="pieces of news")
    episode: int = Field(description="2 where it came back once")
    number: int | None = Field(description="of its issue")
    first: Moment
    last: Moment
    closed: Moment | None
    missing: tuple[str, ...] = Field(description="what lacks for the end")


class TimelineEntry(JsonModel):
    """An entry of an incident's timeline."""

    at: Moment
    kind: str
    data: dict[str, Any]


class ActView(JsonModel):
    """Something that was started."""

    act: str
    reason: str
    task: str | None
    outcome: str = Field(description="state of its task, empty while it is under way")
    at: Moment
    ended: Moment | None


class IncidentDetails(IncidentView):
    """An incident with its timeline and what was started."""

    timeline: tuple[TimelineEntry, ...]
    acts: tuple[ActView, ...]
    figures: tuple[ServiceView, ...] = Field(description="of its service, since the deployment that was live")
    post_mortem: str | None = Field(description="task that left `post-mortem.md` as an artifact, null before the end")


class FixTimesView(JsonModel):
    """Seconds from the first signal to the evidence that a trouble is over."""

    cause: str = Field(description="class of the cause")
    ended: int = Field(description="troubles of it that ended with evidence")
    p50: int
    p90: int


class IncidentPage(JsonModel):
    """A page of incidents, newest news first."""

    items: tuple[IncidentView, ...]
    times: tuple[FixTimesView, ...] = Field(description="how long troubles lasted, of the last 90 days, by class")
    next: str | None = Field(description="`cursor` of the next page, null on the last one")


@operations.add("GET", "/incidents", scope="read")
async def list_incidents(context: Context, caller: Caller, query: IncidentQuery) -> IncidentPage:
    """List incidents, those with the newest news first."""
    named = await _find_repositories(context, caller, query)
    ids = None if named is None else [each.id for each in named]
    wanted = partial(incident_lists.list_page, repositories=ids, state=query.state, after=query.after)
    found = await context.services.store.read(partial(wanted, limit=query.limit + 1))
    shown = found[: query.limit]
    more = cursor(shown[-1].last, shown[-1].id) if len(found) > query.limit else None
    since = now_ms() - _MEASURED * DAY
    times = await context.services.store.read(partial(lessons.measure, repositories=ids, since=since))
    return IncidentPage(
        items=tuple(_show(one) for one in shown), times=tuple(FixTimesView(**one._asdict()) for one in times), next=more
    )


@operations.add("GET", "/incidents/{id}", scope="read")
async def read_incident(context: Context, caller: Caller, id: IncidentId) -> IncidentDetails:
    """Return an incident with its timeline."""
    story = await context.services.store.read(partial(load_story, incident_id=id, now=now_ms()))
    if story is None or not await context.gate.reads(caller, story.incident.place):
        raise Problem("There is no such incident, or you may not read its repository.", status=404)
    task = story.incident.task
    kept = None if task is None else await context.services.store.read(artifacts.find, task, POST_MORTEM, 0)
    return _tell(story, None if kept is None else task)


async def _find_repositories(context: Context, caller: Caller, query: IncidentQuery) -> list[Repository] | None:
    """Return the repositories whose incidents are listed, None for all."""
    if query.repository is not None:
        return [await context.gate.readable(caller, query.repository, "list incidents")]
    return await context.gate.list_readable(caller, "incidents")


def _show(one: Incident) -> IncidentView:
    return IncidentView(**_fields(one))


def _fields(one: Incident) -> dict[str, Any]:
    plain = {"id", "kind", "state", "title", "cause", "severity", "service", "environment", "branch", "number"}
    kept = one.model_dump(include=plain | {"good_sha", "bad_sha", "count", "episode"})
    times = {"first": moment(one.first), "last": moment(one.last), "closed": maybe_moment(one.closed)}
    return {**kept, **times, "repository": one.place.full_name, "missing": tuple(one.data.get("missing") or ())}


def _tell(story: IncidentStory, post_mortem: str | None) -> IncidentDetails:
    entries = (TimelineEntry(at=moment(each.at), kind=each.kind, data=each.data) for each in story.events)
    started = (
        ActView(
            act=each.act,
            reason=each.reason,
            task=each.task,
            outcome=each.outcome,
            at=moment(each.at),
            ended=maybe_moment(each.ended),
        )
        for each in story.acts
    )
    shown = tuple(map(show_service, story.figures))
    return IncidentDetails(
        **_fields(story.incident),
        timeline=tuple(entries),
        acts=tuple(started),
        figures=shown,
        post_mortem=post_mortem,
    )
