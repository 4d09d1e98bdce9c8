"""Keep the records of tasks: rows, events, cancel flags.

Every function takes an open transaction; one that changes a state does nothing the second time.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import Field

from bot.store.database import now_ms
from bot.store.ear import notify
from bot.store.tables import attempt, task, task_event
from bot.store.upsert import insert
from bot.types import JsonModel

_EVENT_LOCK = 0x464F5249  # any number of ours: PostgreSQL's advisory locks share one number space
_MOST_FOLLOWERS = 20
EVENTS = "forgehand_events"
"""Where PostgreSQL tells that there are new events."""
RUNNABLE = ("queued", "running")
repository_id = sa.cast(task.c.argument["repository", "id"].as_string(), sa.BigInteger)
"""The id of a task's repository, by one look into its argument."""
WAITING = ("awaiting_answer", "awaiting_approval", "awaiting_key")
"""States of tasks that have ended and wait for people: they hold no key, no group and no place in a queue."""


class NewTask(JsonModel):
    """A task before it runs."""

    id: str
    flow: str
    source: str
    installation: int
    repository: str
    actor: str
    argument: dict[str, Any]  # the flow's, as plain JSON
    number: int | None = None
    parent: str | None = None
    delivery: str | None = None
    active_key: str | None = None  # held by no other task while this one is active
    group: str | None = None  # concurrency group


class Task(NewTask):
    """A task's row; ``cancel``: who stopped it; times in ms since the epoch."""

    state: str
    cancel: str | None = None
    result: dict[str, Any] | None = None
    posted: dict[str, Any] = Field(default={})
    created: int
    admitted: int | None = None  # 0 while it waits for its turn
    started: int | None = None
    ended: int | None = None

    @property
    def waits(self) -> bool:
        """Return whether it has ended and waits for people."""
        return self.state in WAITING

    @property
    def summary(self) -> str:
        """Return in a sentence how it ended, "" where nothing tells."""
        return str((self.result or {}).get("summary") or "")

    @property
    def data(self) -> dict[str, Any]:
        """Return what it recorded of how it ended."""
        return (self.result or {}).get("data") or {}


class TaskEvent(JsonModel):
    """An event in a task's story, ``at`` milliseconds since the epoch."""

    id: int
    task: str
    at: int
    kind: str
    data: dict[str, Any]


class Creation(NamedTuple):
    """Result of :func:`create`: the new task, or who holds its id or key."""

    created: bool
    holder: str


def create(connection: sa.Connection, new: NewTask) -> Creation:
    """Store a queued task and its event, unless id or active key is taken."""
    row = new.model_dump(exclude={"group"}) | {"concurrency_group": new.group}
    queued = insert(connection, task).values(row | {"state": "queued", "posted": {}, "created": now_ms()})
    if connection.execute(queued.on_conflict_do_nothing().returning(task.c.id)).first() is not None:
        add_event(connection, new.id, "queued", {"flow": new.flow})
        return Creation(True, new.id)
    if get(connection, new.id) is not None:
        return Creation(False, new.id)
    holder = connection.execute(sa.select(task.c.id).where(task.c.active_key == new.active_key)).scalar_one_or_none()
    return create(connection, new) if holder is None else Creation(False, holder)


def get(connection: sa.Connection, task_id: str) -> Task | None:
    """Load a task's row, if there is one."""
    row = connection.execute(sa.select(task).where(task.c.id == task_id)).one_or_none()
    return None if row is None else make_task(row)


def get_each(connection: sa.Connection, ids: Collection[str]) -> dict[str, Task]:
    """Load the rows of tasks by id; those are left out that there are not."""
    return {row.id: make_task(row) for row in connection.execute(sa.select(task).where(task.c.id.in_(ids)))}


def list_followers(connection: sa.Connection, task_id: str) -> list[str]:
    """List the tasks that go on from a task or repeat it, oldest first."""
    query = sa.select(task.c.id).where(task.c.parent == task_id).order_by(task.c.created).limit(_MOST_FOLLOWERS)
    return list(connection.execute(query).scalars())


def find(
    connection: sa.Connection, repository: int, number: int | None, *, flow: str | None = None, active: bool = False
) -> list[Task]:
    """Find an issue's or pull request's tasks by repository id, newest first.

    Without a number: those about the repository as a whole.

    ``active``: only those that have not ended, or wait for people.
    """
    query = _make_find(flow is not None, active, number is None)
    found = connection.execute(query, {"in_repository": repository, "of_number": number, "of_flow": flow})
    return [make_task(row) for row in found]


@functools.cache
def _make_find(by_flow: bool, active: bool, whole: bool) -> sa.Select[Any]:
    """Make the query of :func:`find`, once: that takes longer than to run it."""
    here = task.c.number.is_(None) if whole else task.c.number == sa.bindparam("of_number", type_=sa.Integer)
    # All names with such a number: without them no index serves, and every task's argument would be read.
    names = sa.select(task.c.repository).where(here)
    ours = repository_id == sa.bindparam("in_repository", type_=sa.BigInteger)
    query = sa.select(task).where(task.c.repository.in_(names), here, ours)
    if by_flow:
        query = query.where(task.c.flow == sa.bindparam("of_flow", type_=sa.String))
    if active:
        query = query.where(sa.or_(task.c.ended.is_(None), task.c.state.in_(WAITING)))
    return query.order_by(task.c.created.desc(), task.c.id.desc())


def is_in(repository: int) -> sa.ColumnElement[bool]:
    """Match the tasks of a repository by its id, which survives renames."""
    return repository_id == repository


def list_started(connection: sa.Connection, repository: int, flows: Collection[str], since: int) -> list[Task]:
    """List a repository's tasks of some workflows, recent or active."""
    recent = sa.or_(task.c.created >= since, task.c.state.in_(RUNNABLE))
    query = sa.select(task).where(task.c.flow.in_(flows), recent, is_in(repository)).order_by(task.c.created)
    return [make_task(row) for row in connection.execute(query)]


def name_repositories() -> sa.CTE:
    """Return the names of the repositories that tasks were about.

    Each is one look into an index, however many tasks it has.
    """
    first = sa.select(sa.func.min(task.c.repository).label("name")).cte("named", recursive=True)
    following = sa.select(sa.func.min(task.c.repository)).where(task.c.repository > first.c.name).scalar_subquery()
    return first.union_all(sa.select(following).where(first.c.name.is_not(None)))


def list_repositories(connection: sa.Connection, since: int) -> list[dict[str, Any]]:
    """List the repositories of which something was asked since a moment.

    As plain data, by their newest task, the newest first.
    """
    named, each = name_repositories(), task.alias()
    newest = sa.select(sa.func.max(each.c.created)).where(each.c.repository == named.c.name).scalar_subquery()
    found = sa.select(named.c.name, newest.label("at")).subquery()
    same = sa.and_(task.c.repository == found.c.name, task.c.created == found.c.at)
    query = sa.select(task.c.argument).join_from(found, task, same).where(found.c.at >= since)
    arguments = connection.execute(query.order_by(task.c.created.desc(), task.c.id)).scalars()
    return [argument["repository"] for argument in arguments if "repository" in argument]


def find_holder(connection: sa.Connection, active_key: str) -> Task | None:
    """Find the task that holds the key: active, and not asked to stop."""
    row = connection.execute(sa.select(task).where(task.c.active_key == active_key)).one_or_none()
    return None if row is None else make_task(row)


def list_runnable(connection: sa.Connection) -> list[Task]:
    """List every queued or running task, oldest first."""
    query = sa.select(task).where(task.c.state.in_(RUNNABLE)).order_by(task.c.created, task.c.id)
    return [make_task(row) for row in connection.execute(query)]


def list_let_in(connection: sa.Connection) -> list[Task]:
    """List the tasks that an engine has, or never heard of, oldest first.

    Those that wait for their turn are not among them.
    """
    engines = sa.or_(task.c.admitted.is_(None), task.c.admitted > 0)
    query = sa.select(task).where(task.c.state.in_(RUNNABLE), engines).order_by(task.c.created, task.c.id)
    return [make_task(row) for row in connection.execute(query)]


def list_active_ids(connection: sa.Connection) -> set[str]:
    """List the ids of all queued or running tasks."""
    return set(connection.execute(sa.select(task.c.id).where(task.c.state.in_(RUNNABLE))).scalars())


def list_unfinished(connection: sa.Connection) -> list[Task]:
    """List what runs, will run or waits for people, oldest first."""
    query = sa.select(task).where(task.c.state.in_((*RUNNABLE, *WAITING))).order_by(task.c.created, task.c.id)
    return [make_task(row) for row in connection.execute(query)]


def list_keyless(connection: sa.Connection) -> list[Task]:
    """List what waits for a key, oldest first."""
    query = sa.select(task).where(task.c.state == "awaiting_key").order_by(task.c.created, task.c.id)
    return [make_task(row) for row in connection.execute(query)]


def set_group(connection: sa.Connection, task_id: str, group: str | None) -> None:
    """Store the concurrency group of a task."""
    connection.execute(sa.update(task).where(task.c.id == task_id).values(concurrency_group=group))


def begin(connection: sa.Connection, task_id: str) -> bool:
    """Mark the task running with an event; False if it ended before."""
    query = sa.update(task).where(task.c.id == task_id, task.c.ended.is_(None))
    if connection.execute(query.where(task.c.started.is_(None)).values(state="running", started=now_ms())).rowcount:
        add_event(connection, task_id, "started", {})
        return True
    return connection.execute(query.values(state="running")).rowcount == 1


def close(connection: sa.Connection, task_id: str, state: str, result: Mapping[str, Any]) -> bool:
    """End the task and free its key; False if it had ended before."""
    query = sa.update(task).where(task.c.id == task_id, task.c.ended.is_(None))
    done = connection.execute(query.values(state=state, result=dict(result), ended=now_ms(), active_key=None)).rowcount
    if done:
        connection.execute(sa.delete(attempt).where(attempt.c.task == task_id))
        add_event(connection, task_id, "ended", {"state": state, "summary": result.get("summary", "")})
    return bool(done)


def add_event(connection: sa.Connection, task_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Add to the task's story, as the last write of a transaction.

    Events become visible in the order of their ids, or a reader's cursor would pass over one for ever. SQLite has one
    writer; PostgreSQL takes a lock until the commit.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_EVENT_LOCK)))
        notify(connection, EVENTS)
    connection.execute(sa.insert(task_event).values(task=task_id, at=now_ms(), kind=kind, data=dict(data)))


def add_stage(connection: sa.Connection, task_id: str, data: Mapping[str, Any]) -> float | None:
    """Add an event about a stage; where it ended, return its seconds."""
    told = [] if data["state"] == "started" else list_events(connection, task_id, kinds=("stage",))
    starts = [each.at for each in told if (each.data["stage"], each.data["state"]) == (data["stage"], "started")]
    add_event(connection, task_id, "stage", data)
    return max(now_ms() - starts[-1], 0) / 1000 if starts else None


def list_events(
    connection: sa.Connection, task_id: str, after: int = 0, limit: int | None = None, kinds: Collection[str] = ()
) -> list[TaskEvent]:
    """List the task's events with an id greater than ``after``, oldest first.

    ``kinds`` empty: of every kind.
    """
    query = sa.select(task_event).where(task_event.c.task == task_id, task_event.c.id > after)
    if kinds:
        query = query.where(task_event.c.kind.in_(kinds))
    return _read_events(connection, query.order_by(task_event.c.id).limit(limit))


def list_latest_events(connection: sa.Connection, task_id: str, limit: int) -> list[TaskEvent]:
    """List the newest of the task's events, oldest first."""
    query = sa.select(task_event).where(task_event.c.task == task_id).order_by(task_event.c.id.desc()).limit(limit)
    return _read_events(connection, query)[::-1]


def find_newest(connection: sa.Connection) -> int:
    """Return the id of the newest event of all, 0 where there is none."""
    return connection.scalar(sa.select(sa.func.max(task_event.c.id))) or 0


def list_news(connection: sa.Connection, after: int, limit: int) -> list[TaskEvent]:
    """List all tasks' events with an id greater than ``after``, oldest first."""
    return _read_events(
        connection, sa.select(task_event).where(task_event.c.id > after).order_by(task_event.c.id).limit(limit)
    )


def find_repositories(connection: sa.Connection, ids: Collection[str]) -> dict[str, int]:
    """Return the ids of tasks' repositories, by task."""
    rows = connection.execute(sa.select(task.c.id, repository_id).where(task.c.id.in_(ids)))
    return {row[0]: row[1] for row in rows if row[1] is not None}


def list_touched(connection: sa.Connection, after: int) -> dict[str, int]:
    """Return newest event ids by task, of those newer than ``after``."""
    newest = sa.func.max(task_event.c.id)
    # An expression and no column: for that SQLite would read the whole of an index that has tasks in order.
    name = task_event.c.task + sa.literal_column("''")
    query = sa.select(name, newest).where(task_event.c.id > after).group_by(name)
    return {str(task_id): int(event_id) for task_id, event_id in connection.execute(query.order_by(newest))}


def find_posted(connection: sa.Connection, repository: str, key: str, value: str) -> list[Task]:
    """Find a repository's tasks that posted this value, newest first."""
    query = sa.select(task).where(task.c.repository == repository, task.c.posted[key].as_string() == value)
    return [make_task(row) for row in connection.execute(query.order_by(task.c.created.desc(), task.c.id.desc()))]


def merge_posted(connection: sa.Connection, task_id: str, ids: Mapping[str, Any]) -> dict[str, Any]:
    """Remember ids of posts, over earlier ones of their names; return all."""
    query = sa.select(task.c.posted).where(task.c.id == task_id).with_for_update()
    posted = dict(connection.execute(query).scalar_one()) | dict(ids)
    connection.execute(sa.update(task).where(task.c.id == task_id).values(posted=posted))
    return posted


def request_cancel(connection: sa.Connection, task_id: str, by: str, deed: str = "") -> bool:
    """Ask a task to stop; one that waits or has not begun ends at once.

    Its end will say that ``by`` did ``deed``, or else that ``by`` cancelled it. Return False if there is nothing to
    stop. Its active key is free from now on: whoever asks again gets a new task, not one that is ending.
    """
    stop = _tell_stop(by, deed)
    if end_waiting(connection, task_id, "cancelled", f"{stop} while it waited."):
        return True
    query = sa.update(task).where(task.c.id == task_id, task.c.ended.is_(None), task.c.cancel.is_(None))
    if not connection.execute(query.values(cancel=by, active_key=None)).rowcount:
        return False
    add_event(connection, task_id, "cancel_requested", {"by": by, "deed": deed})
    waiting = sa.select(task.c.state).where(task.c.id == task_id).with_for_update()
    if connection.execute(waiting).scalar_one() == "queued":
        summary = f"{stop} before the work began."
        close(connection, task_id, "cancelled", {"state": "cancelled", "summary": summary, "data": {}})
    return True


def end_waiting(connection: sa.Connection, task_id: str, state: str, summary: str) -> bool:
    """Let a task wait no longer, and have its comment say why.

    Return False if it does not wait.
    """
    waiting = sa.select(task).where(task.c.id == task_id, task.c.state.in_(WAITING)).with_for_update()
    row = connection.execute(waiting).one_or_none()
    if row is None:
        return False
    ended = {"state": state, "summary": summary}
    values = {"state": state, "result": {**row.result, **ended}, "posted": {**row.posted, "closed": False}}
    connection.execute(sa.update(task).where(task.c.id == task_id).values(values))
    add_event(connection, task_id, "ended", ended)
    return True


def reopen(connection: sa.Connection, task_id: str, active_key: str | None) -> bool:
    """Have a task that waits for a key stand in line again, with its key.

    Return False if it does not wait, or another task holds that key.
    """
    waiting = sa.select(task).where(task.c.id == task_id, task.c.state == "awaiting_key").with_for_update()
    row = connection.execute(waiting).one_or_none()
    if row is None or (active_key is not None and find_holder(connection, active_key) is not None):
        return False
    values = {"state": "queued", "admitted": 0, "ended": None, "result": None, "active_key": active_key}
    values["posted"] = {**row.posted, "closed": False}
    connection.execute(sa.update(task).where(task.c.id == task_id).values(values))
    add_event(connection, task_id, "queued", {"flow": row.flow})
    return True


def put_off(connection: sa.Connection, task_id: str, until: float) -> None:
    """Note when a task that waits for a key is worth another look.

    ``until`` is epoch seconds.
    """
    waiting = sa.select(task.c.result).where(task.c.id == task_id, task.c.state == "awaiting_key").with_for_update()
    result = connection.execute(waiting).scalar_one_or_none()
    if result is not None:
        result["data"]["details"]["until"] = until
        connection.execute(sa.update(task).where(task.c.id == task_id).values(result=result))


def find_stop(connection: sa.Connection, task_id: str) -> str | None:
    """Return what stops the task ("mara closed the issue"), if anything."""
    by = connection.execute(sa.select(task.c.cancel).where(task.c.id == task_id)).scalar_one_or_none()
    if by is None:
        return None
    asked = sa.select(task_event.c.data).where(task_event.c.task == task_id, task_event.c.kind == "cancel_requested")
    data = connection.execute(asked.limit(1)).scalar_one_or_none() or {}
    return _tell_stop(by, data.get("deed", ""))


def _tell_stop(by: str, deed: str) -> str:
    return f"{by} {deed or 'cancelled the task'}"


def _read_events(connection: sa.Connection, query: sa.Select[Any]) -> list[TaskEvent]:
    return [TaskEvent.model_validate(dict(row._mapping)) for row in connection.execute(query)]


def make_task(row: sa.Row[Any]) -> Task:
    """Make a task of a whole row of the table."""
    values = dict(row._mapping)
    return Task.model_validate(values | {"group": values["concurrency_group"]})
