"""Execute a GraphQL document against tables of resolvers, with GitHub's errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simhub.actor import allows, has_role
from simhub.call import Call, routes
from simhub.errors import ApiError, not_accessible, not_found
from simhub.graphql.language import Document, Field, Inline, Operation, Selection, Spread, filled
from simhub.model import Repository

Resolver = Callable[..., Any]
Schema = Mapping[str, Mapping[str, Resolver]]
_TYPES = {
    404: "NOT_FOUND",
    403: "FORBIDDEN",
    401: "FORBIDDEN",
    413: "RESOURCE_LIMITS_EXCEEDED",
    422: "UNPROCESSABLE",
}
_UNPAGED = "You must provide a `first` or `last` value between 1 and 100 to properly paginate."


class GraphError(Exception):
    """A problem of the whole query."""


@dataclass(frozen=True)
class Node:
    """A value of a type with fields; ``value`` is what its resolvers get."""

    type: str
    value: Any


@dataclass(frozen=True)
class Connection:
    """A list with pages. ``nodes`` are all of it; the arguments pick the slice."""

    type: str
    items: Sequence[Any]


@dataclass
class Context:
    """One GraphQL request: who asks, and a way to do what REST does, under the same rules."""

    call: Call
    schema: Schema
    document: Document
    variables: dict[str, Any]
    errors: list[dict[str, Any]] = field(default_factory=list)
    objects: int = 0

    async def rest(self, method: str, path: str, body: Any = None) -> Any:
        """Play a REST request as the same actor; its refusal becomes this field's error."""
        found = routes.find(method, path)
        if found is None:
            raise not_found()
        route, params = found
        repo = self.call.hub.world.repository(f"{params['owner']}/{params['repo']}")
        if repo is None or not self.call.actor.sees(repo):
            raise not_found()
        inner = Call(self.call.hub, self.call.actor, method, path, params, {}, "", body, repo)
        self.demand(repo, route.needs, route.role, reading=method == "GET")
        answer = await route.handler(inner)
        return getattr(answer, "body", answer)

    def demand(self, repo: Repository, needs: str, role: str = "read", reading: bool = True) -> None:
        actor = self.call.actor
        if actor.token:
            if actor.token.covers(repo) and not allows(actor.token.permissions, needs):
                raise not_accessible("")
            if not reading and not actor.token.covers(repo):
                raise not_accessible("")
        elif not has_role(repo, actor.user, role):
            raise ApiError(403, "Must have admin rights to Repository.")


async def execute(context: Context, operation: Operation) -> dict[str, Any]:
    """Return ``data`` and ``errors`` of a request.

    A query naming what does not exist gets errors only, as GitHub answers.
    """
    missing = [name for name in operation.required if context.variables.get(name) is None]
    if missing:
        words = f"Variable ${missing[0]} of type was provided invalid value"
        return {"errors": [{"message": words, "extensions": {"value": None}}]}
    context.variables = {**operation.defaults, **context.variables}
    root = "Mutation" if operation.kind == "mutation" else "Query"
    try:
        data = await _object(context, Node(root, None), operation.selections, [])
    except GraphError as error:
        return {"errors": [{"message": str(error)}]}
    return {"data": data} | ({"errors": context.errors} if context.errors else {})


def _wanted(context: Context, type_name: str, selections: Sequence[Selection]) -> Iterator[Field]:
    """Fields that apply to the type, fragments and directives resolved."""
    for item in selections:
        include = filled(item.directives.get("include", {"if": True}), context.variables)["if"]
        skip = filled(item.directives.get("skip", {"if": False}), context.variables)["if"]
        if not include or skip:
            continue
        if isinstance(item, Field):
            yield item
            continue
        fragment = context.document.fragments.get(item.name) if isinstance(item, Spread) else item
        if not isinstance(fragment, Inline):
            raise GraphError(f"Fragment {getattr(item, 'name', '')} was used, but not defined")
        if fragment.on is None or _is_a(type_name, fragment.on):
            yield from _wanted(context, type_name, fragment.selections)


_INTERFACES = {
    "Actor": {"User", "Bot", "Organization"},
    "RepositoryOwner": {"User", "Organization"},
    "Node": set(),
    "Comment": {"IssueComment", "PullRequestReviewComment", "PullRequest", "Issue"},
}


def _is_a(type_name: str, wanted: str) -> bool:
    return type_name == wanted or wanted == "Node" or type_name in _INTERFACES.get(wanted, set())


async def _object(context: Context, node: Node, selections: Sequence[Selection], path: list[Any]) -> dict[str, Any]:
    context.objects += 1
    if context.objects > context.call.hub.limits.objects:
        raise ApiError(413, "Resource limits for this query exceeded.")
    fields = context.schema[node.type]
    result: dict[str, Any] = {}
    for item in _wanted(context, node.type, selections):
        if item.name == "__typename":
            result[item.alias] = node.type
            continue
        resolver = fields.get(item.name)
        if resolver is None:
            raise GraphError(f"Field '{item.name}' doesn't exist on type '{node.type}'")
        place = [*path, item.alias]
        try:
            value = await _resolve(context, resolver, node, item)
            found = await _complete(context, value, item, place)
        except ApiError as error:
            kind = _TYPES.get(error.status, "UNPROCESSABLE")
            context.errors.append({"type": kind, "path": place, "message": _words(error)})
            found = None
        if isinstance(found, dict) and isinstance(result.get(item.alias), dict):
            found = result[item.alias] | found
        result[item.alias] = found
    return result


def _words(error: ApiError) -> str:
    listed = [item if isinstance(item, str) else item.get("message", "") for item in error.body.get("errors", [])]
    return " ".join(filter(None, listed)) or str(error.body["message"])


async def _resolve(context: Context, resolver: Resolver, node: Node, item: Field) -> Any:
    arguments = {name: filled(value, context.variables) for name, value in item.arguments.items()}
    given = {name: value for name, value in arguments.items() if value is not None}
    accepts = len(inspect.signature(resolver).parameters)
    value = resolver(*(context, node.value, given)[:accepts])
    if inspect.isawaitable(value):
        value = await value
    return _page(value, given) if isinstance(value, Connection) else value


def _page(connection: Connection, given: dict[str, Any]) -> Node:
    items = connection.items
    start = int(given.get("after") or 0)
    if "last" in given:
        start = max(0, len(items) - int(given["last"]))
    size = int(given.get("first") or given.get("last") or 0)
    unasked = "first" not in given and "last" not in given
    if not unasked and not 1 <= size <= 100:
        raise GraphError(_UNPAGED)
    return Node("Connection", (connection, None if unasked else items[start : start + size], start))


async def _complete(context: Context, value: Any, item: Field, path: list[Any]) -> Any:
    if isinstance(value, list):
        return [await _complete(context, each, item, [*path, number]) for number, each in enumerate(value)]
    if not isinstance(value, Node):
        return value
    if value.type == "Connection":
        return await _connection(context, value.value, item.selections, path)
    if not item.selections:
        raise GraphError(f"Field must have selections (field '{item.name}' returns {value.type})")
    return await _object(context, value, item.selections, path)


async def _connection(
    context: Context,
    value: tuple[Connection, Sequence[Any] | None, int],
    selections: Sequence[Selection],
    path: list[Any],
) -> dict[str, Any]:
    """Return a page of a list.

    Without ``first`` or ``last`` only its size may be asked for.
    """
    connection, shown, start = value
    kind = f"{connection.type}Connection"
    simple = {"totalCount": len(connection.items), "__typename": kind}
    result: dict[str, Any] = {}
    for item in _wanted(context, kind, selections):
        if item.name in simple:
            result[item.alias] = simple[item.name]
        elif shown is None:
            raise GraphError(_UNPAGED)
        elif item.name == "pageInfo":
            info = _page_info(len(connection.items), start, len(shown))
            result[item.alias] = {each.alias: info[each.name] for each in _wanted(context, "PageInfo", item.selections)}
        elif item.name in ("nodes", "edges"):
            nodes = [each if isinstance(each, Node) else Node(connection.type, each) for each in shown]
            result[item.alias] = await _listed(context, nodes, start, item, path)
        else:
            raise GraphError(f"Field '{item.name}' doesn't exist on type '{kind}'")
    return result


def _page_info(total: int, start: int, count: int) -> dict[str, Any]:
    cursors = {"endCursor": str(start + count) if count else None, "startCursor": str(start) if count else None}
    return {"hasNextPage": start + count < total, "hasPreviousPage": start > 0, **cursors}


async def _listed(context: Context, nodes: list[Node], start: int, item: Field, path: list[Any]) -> list[Any]:
    if item.name == "nodes":
        return [await _object(context, node, item.selections, [*path, "nodes"]) for node in nodes]
    return [await _edge(context, node, start + at, item.selections, path) for at, node in enumerate(nodes, 1)]


async def _edge(
    context: Context, node: Node, cursor: int, selections: Sequence[Selection], path: list[Any]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for item in _wanted(context, "Edge", selections):
        result[item.alias] = (
            str(cursor) if item.name == "cursor" else await _object(context, node, item.selections, path)
        )
    return result
