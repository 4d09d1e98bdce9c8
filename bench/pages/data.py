"""Fill a database as years of work would: tasks with their events, calls, deliveries, decisions, and a log of 50 MB.

Rows are written past SQLAlchemy, in one transaction without a journal: the database is new, and can be made again.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.dispatch.spec import TaskSpec
from bot.doors.api.catalogue import asked_for
from bot.doors.comments.commands import input_of
from bot.store.database import create_engine, now_ms
from bot.store.store import Store
from bot.types import Actor, Repository
from bot.work.origin import Origin, Principal, Subject
from handlers import HANDLERS

DAYS = 90
LOG_BYTES = 50_000_000
LOG_TASK = "f00d00000000"
"""The task whose log has :data:`LOG_BYTES`."""
WAITING_TASK = "f00d00000001"
"""A task that waits for people, so that its page is live."""
_STATES = ("done",) * 82 + ("failed",) * 6 + ("unverified",) * 6 + ("cancelled",) * 4 + ("refused",) * 2
_WAITING = ("awaiting_approval",) * 12 + ("awaiting_answer",) * 8  # none runs: the server would take it up
_DAY_MS = 86_400_000
_MODELS = ("claude-sonnet-4-5", "claude-haiku-4-5", "gpt-5", "gpt-5-mini")
_ROLES = ("writer", "judge", "reviewer")
_REFUSED = "@{} has read permission here; this needs write permission."
_POSTED = '{"closed": true}'  # nobody has to be told how it ended
_CHUNK = 2_000


@dataclass
class Filling:
    """What a database is filled with; ``places`` are real repositories, the busiest first."""

    places: Sequence[Repository]
    tasks: int = 100_000
    people: int = 40
    log_bytes: int = LOG_BYTES
    random: random.Random = field(default_factory=lambda: random.Random(19))


@dataclass(frozen=True)
class _Mould:
    """One type of task on one repository, as JSON to be filled in."""

    spec: TaskSpec[Any]
    place: Repository
    argument: dict[str, Any]


def fill(path: Path, filling: Filling) -> None:
    """Create the database and fill it; it must not be there yet."""
    store = Store(create_engine(f"sqlite:///{path}"))
    store.migrate()
    store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-400000"):
        connection.execute(f"pragma {pragma}")
    connection.execute("begin")
    moulds = _make_moulds(filling)
    for start in range(0, filling.tasks, _CHUNK):
        _write(connection, filling, moulds, range(start, min(start + _CHUNK, filling.tasks)))
    _write_log(connection, filling.log_bytes)
    connection.execute("commit")
    connection.execute("pragma journal_mode=wal")
    connection.execute("pragma optimize=0x10002")
    connection.close()


def _make_moulds(filling: Filling) -> list[_Mould]:
    """Make arguments of every type on every place; every second one is of the first."""
    specs = asked_for(HANDLERS.registry)
    places = [*filling.places, *([filling.places[0]] * len(filling.places))]
    return [_Mould(spec, place, _argument(spec, place)) for place in places for spec in specs]


def _argument(spec: TaskSpec[Any], place: Repository) -> dict[str, Any]:
    origin = Origin(
        door="command", principal=Principal(actor=Actor(login="mara", id=3)), key="", at="", delivery="", label="fix"
    )
    kind = "issue" if "issue" in spec.subjects else min(spec.subjects)
    subject = Subject(kind=kind, number=1, title="Cents are lost", body="`total` rounds each line. " * 40, author_id=9)
    text = "Why is it so?" if spec.input.text_field() else ""
    request = spec.request(repository=place, subject=subject, origin=origin, input=input_of(spec.input, text))
    return request.model_dump(mode="json")


def _write(connection: sqlite3.Connection, filling: Filling, moulds: Sequence[_Mould], numbers: range) -> None:
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for number in numbers:
        for table, row in _rows(filling, moulds, number):
            rows.setdefault(table, []).append(row)
    for table, written in rows.items():
        names, _, columns = table.partition(" ")
        marks = ",".join("?" * (columns.count(",") + 1))
        connection.executemany(f"insert into fh_{names} ({columns}) values ({marks})", written)


def _rows(filling: Filling, moulds: Sequence[_Mould], number: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the rows of one task by table and columns, oldest task first."""
    chance = filling.random
    mould = chance.choice(moulds)
    at = now_ms() - int((filling.tasks - number) / filling.tasks * DAYS * _DAY_MS)
    left = filling.tasks - number - 1
    state = _WAITING[left] if left < len(_WAITING) else chance.choice(_STATES)
    ended = at + chance.randrange(5_000, 900_000)
    named = {filling.tasks - len(_WAITING) - 1: LOG_TASK, filling.tasks - len(_WAITING): WAITING_TASK}
    task = named.get(number) or f"{chance.getrandbits(48):012x}"
    person = f"dev-{chance.randrange(filling.people)}"
    guid = f"{chance.getrandbits(128):032x}"
    argument = mould.argument | {"origin": mould.argument["origin"] | {"key": task, "delivery": guid}}
    values: tuple[Any, ...] = (
        task,
        None,
        mould.spec.name,
        "command",
        guid,
        mould.place.installation,
        mould.place.full_name,
    )
    values += (number % 900 + 1, person, json.dumps(argument), state, _result(state), _POSTED, at)
    columns = "id,parent,flow,source,delivery,installation,repository,number,actor,argument,state,result,posted"
    yield f"task {columns},created,started,ended", (*values, at + 40, ended)
    yield from _events(mould, task, at, state, ended)
    yield from _calls(chance, mould, task, at, person)
    yield from _deliveries(chance, number, filling.tasks, guid, at)
    yield from _decisions(chance, mould, task, at, person, guid)


def _result(state: str) -> str:
    report = "The fix rounds the sum once, and the test that failed passes. " * 25
    data = {"report": report, "form": "pull_request", "url": "https://github.com/octo/sample/pull/2"}
    return json.dumps({"state": state, "summary": "Opened #2: round the total once.", "data": data})


def _events(mould: _Mould, task: str, at: int, state: str, ended: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    told: list[tuple[int, str, dict[str, str]]] = [(at, "queued", {"flow": mould.spec.name}), (at + 40, "started", {})]
    told += [(at + 900 * (1 + each), "stage", {"stage": str(name)}) for each, name in enumerate(mould.spec.stages)]
    told.append((ended, "ended", {"state": state, "summary": "Opened #2: round the total once."}))
    for when, kind, data in told:
        yield "task_event task,at,kind,data", (task, when, kind, json.dumps(data))


def _calls(
    chance: random.Random, mould: _Mould, task: str, at: int, person: str
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    columns = "id,task,step,role,model,state,repository,owner,person,reserved,cost,input_tokens,output_tokens"
    for each in range(chance.randrange(1, 6)):
        role = _ROLES[each % len(_ROLES)]
        values: tuple[Any, ...] = (
            f"{chance.getrandbits(128):032x}",
            task,
            f"ask {each}",
            role,
            chance.choice(_MODELS),
            "answered",
        )
        values += (mould.place.full_name, mould.place.owner, person, 60_000, chance.randrange(900, 90_000), 9_000, 700)
        values += (6_000, 0, 4.2, at, mould.spec.name, mould.place.id)
        yield f"model_call {columns},cached_tokens,cache_write_tokens,seconds,created,flow,repository_id", values


def _deliveries(
    chance: random.Random, number: int, tasks: int, guid: str, at: int
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the delivery that started the task and one that started none; only young ones have payloads."""
    payload = b'{"action": "created"}'.ljust(4_000) if tasks - number < tasks // 50 else b""
    other = f"{chance.getrandbits(128):032x}"
    error = "GitHub did not answer." if chance.random() < 0.01 else None
    for each, event, fault in ((guid, "issue_comment", None), (other, "push", error)):
        yield "delivery guid,event,payload,received,done,error", (each, event, payload, at - 30, at, fault)


def _decisions(
    chance: random.Random, mould: _Mould, task: str, at: int, person: str, guid: str
) -> Iterator[tuple[str, tuple[Any, ...]]]:
    name, place = mould.spec.name, mould.place.full_name
    columns = "at,task,delivery,repository,actor,action,allowed,reason"
    yield f"audit {columns}", (at, task, guid, place, person, f"/{name}", 1, f"@{person} has write permission.")
    if chance.random() < 0.5:
        yield f"audit {columns}", (at, None, guid, place, person, f"/{name}", 0, _REFUSED.format(person))
    if chance.random() < 0.2:
        kind = chance.choice(("merged", "merged", "edited", "closed", "reverted"))
        values = (task, kind, "{}", at + _DAY_MS, name, place, mould.place.id)
        yield "outcome task,kind,data,at,flow,repository,repository_id", values


def _write_log(connection: sqlite3.Connection, size: int) -> None:
    line = "2026-12-01T10:00:00Z tests/test_money.py::test_total_rounds_once PASSED in 0.01 s\n"
    text = (line * (size // len(line) + 1))[:size]
    values = (LOG_TASK, "test.log", "log", size, 0, text, now_ms())
    connection.execute("insert into fh_artifact (task,name,kind,size,cut,text,created) values (?,?,?,?,?,?,?)", values)
