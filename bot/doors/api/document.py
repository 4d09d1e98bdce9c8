"""Write the OpenAPI document (3.1) of the operations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.doors.api.operation import Operation, Raw, Sender, Sent
from bot.doors.api.problems import MEDIA_TYPE, ProblemDetails
from bot.types import Scope

_REF = "#/components/schemas/{model}"
_Wanted = tuple[type[BaseModel], Literal["validation", "serialization"]]
_ABOUT = (
    "Ask for tasks, follow them and see what came of them. A token acts for one GitHub account, a run of GitHub "
    "Actions for the one that set it off: what they may do is what that account may do on GitHub at that moment. Money "
    "is in millionths of a dollar, times are RFC 3339 in UTC. Lists are newest first and go on with `next`. What goes "
    "wrong is told as `application/problem+json` (RFC 9457)."
)
_IMPLIED = {
    400: "the request is wrong; `errors` says where",
    401: "no token, or one that is unknown, expired, revoked or used; `errors` names the claim of a run's token",
    403: "the token lacks the scope, or its account may not",
    404: "there is no such thing, or you may not read it",
    413: "the body is too large",
    415: "the body is not plain JSON",
    429: "too many requests with this token or by this run",
    503: "GitHub or the issuer of tokens did not answer",
}
_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "`fhp_...`"},
    "run": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "the OIDC token of a run of GitHub Actions, a new one for each request",
    },
}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_SUCCESS = {
    200: "what was asked for",
    201: "it was made",
    202: "it was accepted and is on its way",
    204: "nothing follows",
    304: "nothing has changed since `If-None-Match`",
}
_HEADERS: Mapping[int, dict[str, Any]] = {
    202: {"Location": {"description": "path of the task", **_TEXT}},
    401: {"WWW-Authenticate": _TEXT},
    429: {"Retry-After": {"description": "seconds", **_TEXT}},
    503: {"Retry-After": {"description": "seconds", **_TEXT}},
}


def render_document(operations: Sequence[Operation]) -> str:
    """Return the document as JSON, the same for the same operations."""
    return json.dumps(describe(operations), indent=1, ensure_ascii=False)


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """Return the document."""
    wanted = dict.fromkeys(_models(operations))
    _, definitions = models_json_schema(list(wanted), ref_template=_REF)
    schemas: dict[str, Any] = definitions.get("$defs", {})
    sent = {each.query for each in operations} | {each.headers for each in operations}
    inline = {model.__name__ for model in sent if model is not None}
    paths: dict[str, dict[str, Any]] = {}
    gets = (each for each in operations if each.method == "GET" and each.path.startswith("/v1/tasks/"))
    shown = [each.name for each in gets if set(each.parameters) == {"id"}]
    links = {name: {"operationId": name, "parameters": {"id": "$response.body#/id"}} for name in shown}
    for operation in operations:
        methods = paths.setdefault(f"/api{operation.path}", {})
        methods[operation.method.lower()] = _operation(operation, schemas, links)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Forgehand", "version": "1", "description": _ABOUT},
        "paths": paths,
        "components": {
            "responses": {f"Problem{status}": _problem(status, words) for status, words in _IMPLIED.items()},
            "schemas": {name: schema for name, schema in sorted(schemas.items()) if name not in inline},
            "securitySchemes": _SCHEMES,
        },
    }


def _models(operations: Iterable[Operation]) -> Iterator[_Wanted]:
    yield ProblemDetails, "serialization"
    for operation in operations:
        for model in (operation.query, operation.headers, operation.body):
            if model is not None:
                yield model, "validation"
        answer = operation.answer
        if isinstance(answer, type) and issubclass(answer, BaseModel):
            yield answer, "serialization"


def _operation(operation: Operation, schemas: Mapping[str, Any], links: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an operation; what is started links to what reads it."""
    scope = operation.scope
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description,
        "security": _security(scope, operation.administrators),
    }
    parameters = list(_parameters(operation, schemas))
    if parameters:
        described["parameters"] = parameters
    if operation.body is not None:
        schema = {"$ref": _REF.format(model=operation.body.__name__)}
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    described["responses"] = {str(status): answer for status, answer in _responses(operation)}
    if 202 in operation.statuses:
        for status in operation.statuses:
            described["responses"][str(status)]["links"] = links
    return described


def _security(scope: Scope | None, administrators: bool) -> list[dict[str, list[str]]]:
    if scope is None:
        return []
    ways: list[dict[str, list[str]]] = [{"token": [scope]}]
    ways += [{"token": ["admin"]}] if administrators else []
    return ways if scope == "admin" else [*ways, {"run": []}]


def _parameters(operation: Operation, schemas: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, schema in operation.parameters.items():
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    yield from _fields(operation.query, "query", schemas)
    yield from _fields(operation.headers, "header", schemas)
    if operation.etag:
        words = "the `ETag` that you have"
        yield {"name": "If-None-Match", "in": "header", "required": False, "description": words, **_TEXT}


def _fields(model: type[Sent] | None, place: str, schemas: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if model is None:
        return
    described = schemas[model.__name__]
    for name, schema in described.get("properties", {}).items():
        inner = {key: value for key, value in _present(schema).items() if key not in {"title", "description"}}
        parameter = {"name": name, "in": place, "required": name in described.get("required", ()), "schema": inner}
        if "description" in schema:
            parameter["description"] = schema["description"]
        yield parameter


def _present(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter that is given: it is never null."""
    kinds = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    if len(kinds) != 1:
        return dict(schema)
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return {**kinds[0], **rest}


def _responses(operation: Operation) -> Iterator[tuple[int, dict[str, Any]]]:
    for status in operation.statuses:
        answer: dict[str, Any] = {"description": _SUCCESS[status]}
        headers = dict(_HEADERS.get(status, {}))
        if operation.etag:
            headers["ETag"] = _TEXT
        if headers:
            answer["headers"] = headers
        if status != 204:
            answer["content"] = _content(operation.answer)
        yield status, answer
    if operation.etag:
        yield 304, {"description": _SUCCESS[304], "headers": {"ETag": _TEXT}}
    own = {status: _problem(status, words) for status, words in operation.errors.items()}
    implied = {status: {"$ref": f"#/components/responses/Problem{status}"} for status in _implied(operation)}
    yield from sorted((implied | own).items())


def _problem(status: int, words: str) -> dict[str, Any]:
    problem = {"schema": {"$ref": _REF.format(model=ProblemDetails.__name__)}}
    answer = {"description": words, "content": {MEDIA_TYPE: problem}}
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _implied(operation: Operation) -> list[int]:
    """Return the statuses of refusals that follow from what it takes."""
    statuses: list[int] = []
    if operation.query or operation.headers or operation.body:
        statuses.append(400)
    if operation.scope is not None:
        statuses += [401, 403, 429, 503]
    if operation.parameters:
        statuses.append(404)
    if operation.body is not None:
        statuses += [413, 415]
    return statuses


def _content(answer: Any) -> dict[str, Any]:
    if isinstance(answer, type) and issubclass(answer, Sender):
        return {kind: {"schema": schema} for kind, schema in answer.content.items()}
    if isinstance(answer, type) and issubclass(answer, Raw):
        return {"application/json": {"schema": {"type": "object"}}}
    return {"application/json": {"schema": {"$ref": _REF.format(model=answer.__name__)}}}
