"""A server that a run should not trust: it answers whatever the test says, and hands out the run's tokens itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.runner import ROOT

TASK = "0123456789ab"
DOCUMENT = (ROOT / "docs" / "openapi.json").read_bytes()


def view(**more: Any) -> dict[str, Any]:
    """A task that is done, as the API shows one."""
    cost = {"micro_dollars": 420_000, "currency": "USD", "model_calls": 3}
    times = {"created_at": "2026-11-30T01:00:00.000Z", "ended_at": "2026-11-30T01:00:12.500Z"}
    base = {"id": TASK, "task": "fix", "state": "done", "ended": True, "number": 3, "summary": "", "cost": cost}
    return {**base, **times, **more}


def result(**more: Any) -> dict[str, Any]:
    """What came of it."""
    pull = "https://github.com/octo/sample/pull/4"
    base = {"summary": "Fixed.", "report": "", "branch": "b", "pull_request": pull, "head_sha": "1", "data": {}}
    return {**view(), **base, **more}


@dataclass
class Liar:
    """The answers by method and path; each is a status and a body, or several of them, one a request."""

    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    audiences: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    held: dict[str, asyncio.Event] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What a job with an identity sees."""
        url = f"{self.url}/token?api-version=2.0"
        return {"ACTIONS_ID_TOKEN_REQUEST_URL": url, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-the-job"}

    def set(self, name: str, body: Any, status: int = 200, **headers: str) -> None:
        """Answer ``METHOD path`` like this."""
        self.answers[name] = (status, body, headers)

    def events(self, *data: Mapping[str, Any]) -> None:
        """Stream these events of the task."""
        text = "".join(f"id: {at}\nevent: x\ndata: {json.dumps(each)}\n\n" for at, each in enumerate(data, 1))
        self.set(f"GET /api/v1/tasks/{TASK}/events", text)

    def hold(self, name: str, reached: asyncio.Event) -> None:
        """Never answer this, but tell that it was asked."""
        self.held[name] = reached

    def take(self, name: str) -> tuple[int, Any, Mapping[str, str]]:
        given = self.answers.get(name, (404, {"detail": "nothing there"}, {}))
        if isinstance(given, list):
            return tuple(given.pop(0) if len(given) > 1 else given[0])  # type: ignore[return-value]
        return tuple(given)  # type: ignore[return-value]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/token":
            assert request.headers["Authorization"] == "Bearer bearer-of-the-job"
            self.audiences.append(request.query["audience"])
            return web.json_response({"value": f"token-{len(self.audiences)}"})
        self.asked.append((request.method, request.path))
        if "Authorization" in request.headers:
            self.tokens.append(request.headers["Authorization"])
        if "Idempotency-Key" in request.headers:
            self.keys.append(request.headers["Idempotency-Key"])
            self.bodies.append(json.loads(await request.text() or "null"))
        if (held := self.held.get(f"{request.method} {request.path}")) is not None:
            held.set()
            await asyncio.sleep(3600)
        status, body, headers = self.take(f"{request.method} {request.path}")
        if status == 0:
            assert request.transport is not None
            request.transport.close()
        raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        return web.Response(body=raw, status=status or 200, headers=headers)


@asynccontextmanager
async def lying() -> AsyncIterator[Liar]:
    """A liar that at first says the truth about a task that was done well."""
    liar = Liar("")
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", liar.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    liar.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    liar.set("GET /api/v1/openapi.json", DOCUMENT)
    liar.set("POST /api/v1/tasks/fix", view(state="queued", ended=False), 202)
    liar.events({"kind": "queued"}, {"kind": "stage", "stage": "prove", "state": "done", "text": ""}, {"kind": "ended"})
    liar.set(f"GET /api/v1/tasks/{TASK}", view())
    liar.set(f"GET /api/v1/tasks/{TASK}/result", result())
    try:
        yield liar
    finally:
        await runner.cleanup()
