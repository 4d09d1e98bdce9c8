"""Describe an operation by the function that does it.

The signature is the operation: a parameter named in the path's template is a path parameter; ``query``, ``headers`` and
``body`` are models of what is sent, ``caller`` is who asks and ``context`` what the operation works with. No other name
is allowed. The return annotation is the model of the answer, the docstring its description.
"""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import UnionType
from typing import Any, ClassVar, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter

from bot.types import JsonModel, Scope

M = TypeVar("M")
Run = Callable[..., Awaitable[Any]]
_GIVEN = frozenset({"context", "caller", "query", "headers", "body"})
_NAME = re.compile(r"{(\w+)}")


class Sent(JsonModel):
    """The base of what is sent: query, headers or body.

    What is not known is refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Reply(Generic[M]):
    """An answer with a status other than the first, or with headers."""

    body: M
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


class Raw(bytes):
    """A JSON document that is written out already."""


class Sender(ABC):
    """Base of answers that are no JSON.

    ``content`` maps their media types to schemas.
    """

    content: ClassVar[Mapping[str, Mapping[str, Any]]]

    @abstractmethod
    async def send(self, request: web.Request) -> web.StreamResponse:
        """Send the answer."""


@dataclass(frozen=True)
class Operation:
    """An operation of the API.

    ``scope`` None: everybody may ask, without a token. ``administrators``: those of the server may ask without it too.
    ``statuses`` are those of success, the first is the usual one;
    ``errors`` maps those of refusals to when they happen, beside the implied ones. ``etag``: the answer carries one.
    ``parameters`` are the JSON schemas of the path's parameters.
    """

    method: str
    path: str
    run: Run
    scope: Scope | None
    administrators: bool
    summary: str
    description: str
    tag: str
    name: str
    statuses: tuple[int, ...]
    errors: Mapping[int, str]
    etag: bool
    parameters: Mapping[str, Mapping[str, Any]]
    query: type[Sent] | None
    headers: type[Sent] | None
    body: type[Sent] | None
    answer: Any
    wants: frozenset[str]

    @property
    def route(self) -> str:
        """Return the template of aiohttp's route, patterns included.

        Without them ``/tasks/fix`` would be a task's id, and ``Allow`` would lie.
        """

        def fill(match: re.Match[str]) -> str:
            pattern = str(self.parameters[match[1]]["pattern"])
            return f"{{{match[1]}:{pattern.removeprefix('^').removesuffix('$')}}}"

        return _NAME.sub(fill, self.path)


class Operations:
    """The operations of one module, in the order of the document."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.all: list[Operation] = []

    def add(self, method: str, path: str, **given: Any) -> Callable[[Run], Run]:
        """Register a function at a path below ``/v1``.

        ``given`` are arguments of :func:`make_operation`.
        A decorator.
        """

        def register(run: Run) -> Run:
            self.all.append(make_operation(method, f"/v1{path}", run, tag=self.tag, **given))
            return run

        return register


def make_operation(
    method: str,
    path: str,
    run: Run,
    *,
    tag: str,
    scope: Scope | None,
    administrators: bool = False,
    statuses: tuple[int, ...] = (200,),
    errors: Mapping[int, str] | None = None,
    etag: bool = False,
    body: type[Sent] | None = None,
    name: str = "",
    summary: str = "",
    description: str = "",
) -> Operation:
    """Make an operation of a function.

    ``body``, ``name``, ``summary`` and ``description`` replace what the function says, where one function does several
    operations. Raises :class:`TypeError` where its signature is none of an operation.
    """
    hints = get_type_hints(run, include_extras=True)
    wants = frozenset(inspect.signature(run).parameters)
    named = _NAME.findall(path)
    if wants - _GIVEN - set(named) or set(named) - wants:
        raise TypeError(f"{method} {path}: the parameters {sorted(wants)} do not fit the path")
    said, _, more = (inspect.getdoc(run) or "").partition("\n")
    paragraphs = (" ".join(paragraph.split()) for paragraph in more.strip().split("\n\n"))
    return Operation(
        method=method,
        path=path,
        run=run,
        scope=scope,
        administrators=administrators,
        summary=summary or said,
        description=description or "\n\n".join(paragraphs),
        tag=tag,
        name=name or run.__name__,
        statuses=statuses,
        errors=dict(errors or {}),
        etag=etag,
        parameters={each: TypeAdapter(hints[each]).json_schema() for each in named},
        query=hints.get("query"),
        headers=hints.get("headers"),
        body=body or hints.get("body"),
        answer=_answer_of(hints["return"]),
        wants=wants,
    )


@cache
def field_kinds(model: type[BaseModel]) -> Mapping[str, frozenset[str]]:
    """Return the JSON types that each field of a model takes, by alias."""
    properties = model.model_json_schema().get("properties", {})
    return {name: frozenset(_types(schema)) for name, schema in properties.items()}


def _types(schema: Mapping[str, Any]) -> set[str]:
    found = {schema["type"]} if "type" in schema else set()
    for inner in schema.get("anyOf", ()):
        found |= _types(inner)
    return found


def _answer_of(annotation: Any) -> Any:
    """Return the model of the answer; of a union the first one counts."""
    if get_origin(annotation) in {Union, UnionType}:
        return _answer_of(get_args(annotation)[0])
    return get_args(annotation)[0] if get_origin(annotation) is Reply else annotation
