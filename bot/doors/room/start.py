"""Start a task with a form that is made of what the task takes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from pydantic import Field as Described
from pydantic import create_model

from bot.dispatch.spec import TaskSpec
from bot.doors.api.catalogue import asked_for
from bot.doors.api.operation import Operation, Sent, field_kinds
from bot.doors.api.problems import Problem
from bot.doors.room.forms import read_posted
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.seen import list_seen
from bot.doors.room.task import make_headers, path_of
from bot.doors.room.visit import Visit

pages = Pages("start")
FieldKind = Literal["repository", "number", "check", "choice", "long", "line"]
_KEY = "form_key"
_WORDS = {
    "repository": ("Repository", "where the App is installed"),
    "number": ("Number", "of the issue or pull request"),
    "thread": ("Review comment", "its id, where it is about a thread on lines"),
    "deliver": ("Result", "where it goes: as after a command on GitHub, to a branch, or to the task's page alone"),
}
_PLACES = {404: "number", 403: "repository"}  # the field that a refusal is about


class Field(NamedTuple):
    """A field of the form, and what was typed there."""

    name: str
    kind: FieldKind
    label: str
    hint: str
    required: bool
    options: tuple[str, ...]
    value: str
    problem: str


@pages.add("GET", "/start", access="person", title="Start a task", place="work")
async def choose_task(visit: Visit) -> Answer:
    """Show which tasks there are."""
    query = visit.request.query_string  # it fills the forms in
    return Shown("start.html", types=asked_for(visit.context.registry), query=query)


@pages.add("GET", "/start/{task}", access="person", title="Start a task")
async def show_form(visit: Visit) -> Answer:
    """Show the form of a task; the address may fill it in."""
    places = list_seen(visit)
    known = {"repository": places[0]} if len(places) == 1 else {}
    return _show(visit, known | dict(visit.request.query))


@pages.add("POST", "/start/{task}", access="person", title="Start a task")
async def start_task(visit: Visit) -> Answer:
    """Start a task; where that cannot be, show the form as it was filled in."""
    typed = {name: value for name, value in (await read_posted(visit.request)).items() if isinstance(value, str)}
    operation = _find(visit)[1]
    assert operation.body is not None, "what starts a task has a body"
    try:
        form = await visit.read_form(_with_key(operation.body))
        given = form.model_dump(exclude={_KEY}, exclude_unset=True)
        headers = make_headers(getattr(form, _KEY))
        reply = await visit.perform(operation, headers=headers, body=operation.body.model_validate(given))
    except Problem as problem:
        return _show(visit, typed, problem)
    started = "It was started." if reply.status == 202 else "It runs already: this is it."
    return Moved(path_of(reply.body.id), started)


def _find(visit: Visit) -> tuple[TaskSpec[Any], Operation]:
    """Find the task in the address, and the operation that starts it."""
    spec = visit.context.registry.get(visit.part("task"))
    if spec is None or not spec.doors.command:
        raise Problem("There is no such task to start.", status=404)
    return spec, visit.desk.by_name[f"start_{spec.name.replace('-', '_')}"]


def _with_key(body: type[Sent]) -> type[Sent]:
    """Return the model of the form: the body and the key of the form."""
    key: Any = (str, Described(pattern="^[!-~]{1,255}$"))
    return create_model(f"{body.__name__}Form", __base__=body, **{_KEY: key})


def _show(visit: Visit, typed: Mapping[str, str], problem: Problem | None = None) -> Shown:
    spec, operation = _find(visit)
    assert operation.body is not None, "what starts a task has a body"
    problems = {} if problem is None else {each.where.removeprefix("form."): each.problem for each in problem.errors}
    if problem is not None and not problems and problem.status in _PLACES:
        problems = {_PLACES[problem.status]: problem.message}
    fields = list_fields(operation.body, typed, problems)
    told = problem is not None and not any(field.problem for field in fields)
    return Shown(
        "start_form.html",
        status=200 if problem is None else problem.status,
        spec=spec,
        fields=fields,
        problem=problem.message if problem is not None and told else "",
        places=list_seen(visit),
        key=secrets.token_hex(16),
        may=visit.caller.holds("run"),
        with_github=visit.desk.github.is_ready,
    )


def list_fields(body: type[Sent], typed: Mapping[str, str], problems: Mapping[str, str]) -> list[Field]:
    """List the fields of a body as a form has them.

    ``typed`` and ``problems`` are by the names of fields.
    """
    schema = body.model_json_schema()
    kinds = field_kinds(body)
    required = set(schema.get("required", ()))
    fields = []
    for name, said in schema["properties"].items():
        label, hint = _WORDS.get(name, (str(said.get("title", name)).capitalize(), str(said.get("description", ""))))
        options = _list_options(said)
        kind = _choose_kind(name, kinds[name], options, str(said.get("maxLength", "")))
        given, wrong = typed.get(name, ""), problems.get(name, "")
        fields.append(Field(name, kind, label, hint, name in required, options, given, wrong))
    return fields


def _choose_kind(name: str, kinds: frozenset[str], options: tuple[str, ...], longest: str) -> FieldKind:
    if name == "repository":
        return "repository"
    if options:
        return "choice"
    if "integer" in kinds:
        return "number"
    if "boolean" in kinds:
        return "check"
    return "long" if longest else "line"


def _list_options(said: Mapping[str, Any]) -> tuple[str, ...]:
    """List the values that a field may have, where they are few."""
    found = [*said.get("enum", ())]
    for inner in said.get("anyOf", ()):
        found += inner.get("enum", ())
        found += [inner["const"]] if "const" in inner else []
    return tuple(map(str, found))
