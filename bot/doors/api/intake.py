"""Read what a request carries into the models of its operation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from aiohttp import web
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from bot.doors.api.operation import Operation, Sent, field_kinds
from bot.doors.api.problems import FieldProblem, Problem

MAX_BODY = 1024 * 1024  # the longest text fits, also with every character escaped
_LARGE = 32 * 1024
_PATIENCE = 10.0  # seconds that a client has to send its body
_EXACT = 2.0**53  # larger floats stand for several integers
_WORDS = {"true": True, "false": False}
S = TypeVar("S", bound=Sent)


async def read_arguments(operation: Operation, request: web.Request) -> dict[str, Any]:
    """Return the arguments that the operation takes from a request.

    Raises :class:`Problem`: 400 for values that are wrong, 413 and 415 for bodies that are not even read.
    """
    given: dict[str, Any] = {name: request.match_info[name] for name in operation.parameters}
    if operation.query is not None:
        twice = sorted(name for name in set(request.query) if len(request.query.getall(name)) > 1)
        if twice:
            raise _refuse([FieldProblem(where=f"query.{name}", problem="given twice") for name in twice])
        given["query"] = read_texts(operation.query, request.query, "query")
    if operation.headers is not None:
        known = {name: request.headers[name] for name in field_kinds(operation.headers) if name in request.headers}
        given["headers"] = read_texts(operation.headers, known, "headers")
    if operation.body is not None:
        raw = await _read_bytes(request)
        # a large one takes long enough to keep others waiting
        large = len(raw) > _LARGE
        given["body"] = (
            await asyncio.to_thread(read_json, operation.body, raw) if large else read_json(operation.body, raw)
        )
    return given


def read_json(model: type[Sent], raw: bytes) -> Sent:
    """Return a body.

    NUL is dropped from texts, because PostgreSQL has no place for it; 3.0 is an integer, as in JSON schema. Raises
    :class:`Problem`.
    """
    try:
        data = from_json(raw, allow_inf_nan=False, cache_strings=False)
    except ValueError:
        raise Problem("The body is not JSON.", status=400) from None
    return _validate(model, to_json(_normal(data)), "body")


def read_texts(model: type[S], texts: Mapping[str, str | list[str]], where: str) -> S:
    """Read values that arrived as texts, by the types of their fields.

    Raises :class:`Problem` (400).
    """
    kinds = field_kinds(model)
    # Bytes that are no UTF-8 arrive as lone surrogates, which no JSON can hold.
    typed: dict[str, Any] = {}
    for name, text in texts.items():
        kind = kinds.get(name, frozenset())
        typed[name] = _value(_mend(text), kind) if isinstance(text, str) else [_mend(one) for one in text]
    return _validate(model, to_json(typed), where)


def _mend(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _value(text: str, kinds: frozenset[str]) -> Any:
    digits = text.removeprefix("-")
    if "integer" in kinds and digits.isascii() and digits.isdigit() and len(digits) <= 18:
        return int(text)
    return _WORDS.get(text, text) if "boolean" in kinds else text


def _validate(model: type[S], raw: bytes, where: str) -> S:
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise _refuse([_problem(item["loc"], item["msg"], where) for item in found]) from None


def _problem(place: Sequence[int | str], message: str, where: str) -> FieldProblem:
    # A name that the model does not know is the client's own text: it is not repeated at length.
    path = ".".join([where, *(str(part)[:80] for part in place)])
    return FieldProblem(where=path, problem=message[:300])


def _refuse(problems: Sequence[FieldProblem]) -> Problem:
    told = "; ".join(f"{each.where}: {each.problem}" for each in problems[:3])
    more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
    return Problem(f"The request is wrong: {told}{more}.", status=400, errors=problems[:50])


async def _read_bytes(request: web.Request) -> bytes:
    if request.content_type != "application/json" or "Content-Encoding" in request.headers:
        raise Problem("Send the body as plain `application/json`.", status=415)
    too_large = Problem(f"The body is larger than {MAX_BODY} bytes.", status=413)
    if (request.content_length or 0) > MAX_BODY:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(_PATIENCE):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_BODY:
                    raise too_large
    except TimeoutError:
        raise Problem("The body did not arrive in time.", status=400) from None
    return bytes(body)


def _normal(data: Any) -> Any:
    if isinstance(data, str):
        return data.replace("\x00", "")
    if isinstance(data, float) and data.is_integer() and abs(data) < _EXACT:
        return int(data)
    if isinstance(data, list):
        return [_normal(item) for item in data]
    if isinstance(data, dict):
        return {_normal(key): _normal(value) for key, value in data.items()}
    return data
