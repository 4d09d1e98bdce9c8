"""A strict stand-in for any provider: one right path, one right credential, a body as the SDK's schema has it.

What is wrong is answered as no provider would, with 418 and the reason, so that no test mistakes it for the provider's
own refusal.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import jsonschema_rs
from aiohttp import web
from pydantic import TypeAdapter

from bot.settings import Api
from simhub import model_formats

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
ENDINGS: dict[Api, str] = {"messages": "/v1/messages", "responses": "/responses", "chat": "/chat/completions"}
_CREDENTIALS = (
    "authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "proxy-authorization",
    "openai-organization", "openai-project", "anthropic-workspace-id",
)  # fmt: skip


@dataclass
class StandIn:
    """A provider that accepts one request at one path; ``answers`` go before the usual one, each once."""

    api: Api
    path: str
    credential: Callable[[], dict[str, str]]  # its headers, as they are right now
    query: dict[str, str] = field(default_factory=dict)
    in_body: dict[str, Any] = field(default_factory=dict)  # what it wants beside the schema
    model_in_path: bool = False
    answers: list[Answer] = field(default_factory=list)
    more: dict[str, Answer] = field(default_factory=dict)  # other paths, by "POST /path"
    bodies: list[dict[str, Any]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    is_signed: Callable[[web.Request, bytes], bool] | None = None  # judges the authorization in place of ``credential``

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self._runner.addresses[0][:2])

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if special := self.more.get(f"{request.method} {request.path}"):
            return await special(request)
        body = await request.json()
        if self.is_signed is not None and not self.is_signed(request, await request.read()):
            self.refused.append("signature")
        if wrong := [*self._find_faults(request, body)]:
            self.refused += wrong
            return web.json_response({"error": {"message": "; ".join(wrong)}}, status=418)
        self.bodies.append(body)
        if self.answers:
            return await self.answers.pop(0)(request)
        model = request.path.rpartition("/")[2].partition(":")[0] if self.model_in_path else body["model"]
        asked = model_formats.read(self.api, body | {"model": model}, request.headers)
        return await stream(request, model_formats.stream(asked, {"text": "Yes."}))

    def _find_faults(self, request: web.Request, body: dict[str, Any]) -> Iterator[str]:
        if (request.method, request.path) != ("POST", self.path):
            yield f"{request.method} {request.path} in place of {self.path}"
        if dict(request.query) != self.query:
            yield f"query {dict(request.query)}"
        shown = {name: request.headers[name] for name in _CREDENTIALS if name in request.headers}
        if self.is_signed is not None:
            shown.pop("authorization", None)
        if shown != self.credential():
            yield f"credentials {shown}"
        wanted = {name: body.get(name) for name in self.in_body}
        if wanted != self.in_body:
            yield f"body {wanted}"
        plain = {name: value for name, value in body.items() if name not in self.in_body}
        schema = _schema(self.api)
        for error in schema.iter_errors(plain | ({"model": "m"} if self.model_in_path else {})):
            yield f"body: {error.message[:200]}"


async def stream(request: web.Request, events: list[str]) -> web.StreamResponse:
    """Send events as they are, with the comment that routers send while they wait."""
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    for event in (": PROCESSING\n\n", *events):
        await response.write(event.encode())
    await response.write_eof()
    return response


def says(status: int, body: object, **headers: str) -> Answer:
    """An answer of one JSON text."""

    async def answer(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=json.dumps(body), content_type="application/json", headers=named)

    return answer


def streams(*chunks: dict[str, Any]) -> Answer:
    """An answer of data events as they are given."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await stream(request, [*(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks), "data: [DONE]\n\n"])

    return answer


@cache
def _schema(api: Api) -> Any:
    """The body of a streamed request as the provider's SDK types it, with nothing beside."""
    from anthropic.types.message_create_params import MessageCreateParamsStreaming
    from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
    from openai.types.responses.response_create_params import ResponseCreateParamsStreaming

    kinds: dict[Api, Any] = {
        "messages": MessageCreateParamsStreaming,
        "responses": ResponseCreateParamsStreaming,
        "chat": CompletionCreateParamsStreaming,
    }
    schema = TypeAdapter(kinds[api]).json_schema()
    _close(schema)
    return jsonschema_rs.validator_for(schema)


def _close(node: Any) -> None:
    """Allow no member that the schema does not name."""
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        for part in node.values():
            _close(part)
    elif isinstance(node, list):
        for part in node:
            _close(part)
