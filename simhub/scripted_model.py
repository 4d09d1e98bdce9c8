"""A model endpoint that answers from a script: three wire formats over real HTTP, streamed or not.

``messages`` at ``/v1/messages``, ``responses`` at ``/v1/responses``, ``chat`` at ``/v1/chat/completions``.

A script is a list of rules, tried from the top; the first that matches and is not used up answers. As JSON:

    [{"match": {"user": "Fix", "turn": 0}, "reply": {"text": "...", "tool_calls": [{"name": "read", "arguments": {}}]}},
     {"match": {"system": "You verify"}, "reply": {"json": {"verdict": "pass"}}, "reusable": true}]

``match`` (all of it must hold; nothing matches everything): ``protocol`` and ``model`` are equal; ``system``, ``user``
(the last user text), ``result`` (the newest tool result) and ``text`` (the whole conversation) contain the string, or
each of a list of strings; ``turn`` equals the number of assistant turns so far; ``tool`` is offered.

``reply``: ``text``; ``tool_calls`` (``name`` with ``arguments``, or with ``raw``: text that need not be JSON); ``json``
(sent as text); ``reasoning`` (sent as an opaque block); ``refusal``; ``stop: "length"``; ``usage`` (``input``,
``output``, ``cached``, ``cache_write``, else counted as characters / 4); ``delay`` (seconds before each piece);
``speed`` (tokens a second, characters / 4) with ``first`` (seconds to the first one), as real models speak; from
Python ``hold``, a function that is awaited before the last piece.
Or ``fault``: one of ``busy``, ``overloaded``, ``down``, ``quota``, ``bad_key``, ``no_model``, ``bad_request``,
``too_long``, ``too_large`` (HTTP errors in the provider's own shape; ``retry_after`` in seconds and ``message`` may be
added), ``reset`` (the connection breaks mid-stream), ``truncate`` (the stream ends early), ``malformed`` (no JSON in
it), ``stream_error`` (an error event mid-stream).

A request that no rule matches gets HTTP 409 and is listed. ``GET /_requests`` returns all that was asked, so that a
test can count purchases from outside; ``POST /_rules`` adds rules. Loopback only.

    python -m simhub.scripted_model --script FILE.json --port 8091
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from simhub import model_formats
from simhub.model_formats import Json, ModelRequest
from simhub.prompt_cache import PromptCache
from simhub.token_exchange import PATH as EXCHANGE_PATH
from simhub.token_exchange import TokenExchange

Reply = Json | Callable[[ModelRequest], Json | Awaitable[Json]]
_HUNG_UP = {"reset", "truncate", "malformed", "stream_error"}


@dataclass
class Rule:
    """One answer; ``reply`` may be a function of the request, also one that waits until it lets the model speak."""

    match: Mapping[str, Any]
    reply: Reply
    reusable: bool = False
    used: int = 0

    def fits(self, asked: ModelRequest) -> bool:
        if self.used and not self.reusable:
            return False
        return all(_holds(name, wanted, asked) for name, wanted in self.match.items())


@dataclass(frozen=True)
class Bill:
    """What the provider charges for an answer: its model, and tokens by kind."""

    model: str
    input: int
    output: int
    cached: int
    cache_write: int


@dataclass
class Script:
    """Rules in order, and the requests that came, matched or not."""

    rules: list[Rule] = field(default_factory=list)
    requests: list[ModelRequest] = field(default_factory=list)
    unmatched: list[ModelRequest] = field(default_factory=list)

    @classmethod
    def load(cls, rules: Sequence[Json]) -> Script:
        """Read a script from its JSON form.

        Raises :class:`ValueError` naming the rule that is wrong.
        """
        script = cls()
        script.extend(rules)
        return script

    def extend(self, rules: Sequence[Json]) -> None:
        for number, rule in enumerate(rules):
            if "reply" not in rule or set(rule) - {"match", "reply", "reusable"}:
                raise ValueError(f"rule {number} needs a reply, and may have match and reusable, nothing else")
            self.on(rule["reply"], reusable=bool(rule.get("reusable")), **rule.get("match", {}))

    def on(self, reply: Reply, *, reusable: bool = False, **match: Any) -> None:
        """Add a rule; without ``match`` it answers whatever comes next."""
        if unknown := set(match) - set(_MATCHERS):
            raise ValueError(f"a rule cannot match on {', '.join(sorted(unknown))}")
        self.rules.append(Rule(match, reply, reusable))

    def answer(self, asked: ModelRequest) -> Json | Awaitable[Json] | None:
        self.requests.append(asked)
        for rule in self.rules:
            if rule.fits(asked):
                rule.used += 1
                return rule.reply(asked) if callable(rule.reply) else rule.reply
        self.unmatched.append(asked)
        return None


def _contains(wanted: str | list[str], text: str) -> bool:
    return all(part in text for part in ([wanted] if isinstance(wanted, str) else wanted))


_MATCHERS: dict[str, Callable[[Any, ModelRequest], bool]] = {
    "protocol": lambda wanted, asked: wanted == asked.protocol,
    "model": lambda wanted, asked: wanted == asked.model,
    "system": lambda wanted, asked: _contains(wanted, asked.system),
    "user": lambda wanted, asked: _contains(wanted, asked.user),
    "result": lambda wanted, asked: _contains(wanted, asked.result),
    "text": lambda wanted, asked: _contains(wanted, asked.text),
    "turn": lambda wanted, asked: wanted == asked.turn,
    "tool": lambda wanted, asked: wanted in asked.tools,
}


def _holds(name: str, wanted: Any, asked: ModelRequest) -> bool:
    return _MATCHERS[name](wanted, asked)


class ScriptedModel:
    """The server: ``async with ScriptedModel(script) as server``. Port 0 takes a free one; ``delay`` is in seconds.

    With ``exchange`` models are asked with tokens that it gave, and with nothing else. With ``keys`` (a key's fault, ""
    where it has none) they are asked with these keys; ``models`` are listed for them. With ``cache`` a request's
    tokens are those that it counts, unless the reply says others. ``bills`` is the provider's own record: what was
    answered without a fault, whether or not somebody was there to hear it. ``speaking`` counts the answers under way.
    """

    def __init__(self, script: Script, *, port: int = 0, delay: float = 0.0) -> None:
        self.script = script
        self.exchange: TokenExchange | None = None
        self.keys: dict[str, str] | None = None
        self.cache: PromptCache | None = None
        self.models: list[str] = []
        self.bills: list[Bill] = []
        self.speaking = 0
        self._port = port
        self._delay = delay
        self._runner = web.AppRunner(self._app(), shutdown_timeout=0.2)

    @property
    def anthropic_url(self) -> str:
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    @property
    def openai_url(self) -> str:
        return f"{self.anthropic_url}/v1"

    @property
    def requests(self) -> list[ModelRequest]:
        return self.script.requests

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        for path, protocol in model_formats.PATHS.items():
            app.router.add_post(path, self._handler(protocol))
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_post(EXCHANGE_PATH, self._exchange)
        app.router.add_get("/_requests", self._list)
        app.router.add_post("/_rules", self._extend)
        return app

    def _handler(self, protocol: str) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if self.exchange is not None and not self.exchange.accepts(request.headers):
                body = model_formats.error_body(protocol, "authentication_error", "invalid bearer token")
                return web.json_response(body, status=401)
            if (refused := self._refuse(protocol, request)) is not None:
                return refused
            sent = await request.json()
            if fault := model_formats.find_fault(protocol, sent):
                body = model_formats.error_body(protocol, "invalid_request_error", fault)
                return web.json_response(body, status=400)
            asked = model_formats.read(protocol, sent, request.headers)
            reply = self.script.answer(asked)
            if reply is None:
                body = model_formats.error_body(
                    protocol, "conflict", f"no rule of the script matches turn {asked.turn}"
                )
                return web.json_response(body, status=409)
            spoken = reply if isinstance(reply, dict) else await reply
            if self.cache is not None:
                spoken = {"usage": self.cache.count(asked)._asdict(), **spoken}
            self.speaking += 1
            try:
                return await self._answer(request, asked, spoken)
            finally:
                self.speaking -= 1

        return handle

    async def _answer(self, request: web.Request, asked: ModelRequest, reply: Json) -> web.StreamResponse:
        hold = reply.get("hold")
        reply = {name: value for name, value in reply.items() if name != "hold"}
        fault = reply.get("fault")
        if fault and fault not in _HUNG_UP:
            status, body, headers = model_formats.fault(asked.protocol, fault, reply)
            return web.json_response(body, status=status, headers=headers)
        if not fault:
            self.bills.append(Bill(asked.model, **model_formats.count_usage(asked, reply)))
        events = model_formats.stream(asked, reply)
        waits = list(_pace(events, reply, float(reply.get("delay", self._delay))))
        if not asked.body.get("stream"):
            await asyncio.sleep(sum(waits) if "speed" in reply else waits[0])
            return web.json_response(model_formats.whole(asked, reply))
        return await _send(request, asked.protocol, list(zip(events, waits, strict=True)), fault, hold)

    def _refuse(self, protocol: str, request: web.Request) -> web.Response | None:
        """Refuse a key that is not known, or has a fault."""
        if self.keys is None:
            return None
        key = request.headers.get("authorization", "").removeprefix("Bearer ") or request.headers.get("x-api-key", "")
        fault = self.keys.get(key, "bad_key")
        if not fault:
            return None
        status, body, headers = model_formats.fault(protocol, fault, {})
        return web.json_response(body, status=status, headers=headers)

    async def _list_models(self, request: web.Request) -> web.Response:
        """List the models, in a form that both SDKs read; Anthropic's has pages of twenty."""
        if self.keys is None:
            return web.json_response(status=404)
        protocol = "messages" if "anthropic-version" in request.headers else "responses"
        page = int(request.query.get("limit", 20)) if protocol == "messages" else len(self.models)
        listed = [
            {"id": name, "type": "model", "object": "model", "display_name": name, "owned_by": "script", "created": 1}
            | {"created_at": "2026-01-01T00:00:00Z"}
            for name in self.models[:page]
        ]
        body = {
            "object": "list",
            "data": listed,
            "has_more": page < len(self.models),
            "first_id": None,
            "last_id": None,
        }
        return self._refuse(protocol, request) or web.json_response(body)

    async def _exchange(self, request: web.Request) -> web.Response:
        if self.exchange is None:
            return web.json_response(status=404)
        status, body = self.exchange.exchange(await request.json(), request.headers)
        return web.json_response(body, status=status)

    async def _list(self, _request: web.Request) -> web.Response:
        return web.json_response([asked.summary() for asked in self.script.requests])

    async def _extend(self, request: web.Request) -> web.Response:
        self.script.extend(await request.json())
        return web.json_response({"rules": len(self.script.rules)})


def _pace(events: Sequence[str], reply: Json, delay: float) -> Iterator[float]:
    """Yield the seconds before each event."""
    if "speed" not in reply:
        yield from (delay for _ in events)
        return
    wait = float(reply.get("first", 0.0))
    for event in events:
        said = model_formats.count_said(event)
        wait += said / model_formats.CHARACTERS_A_TOKEN / float(reply["speed"])
        yield wait if said else 0.0
        wait = 0.0 if said else wait


async def _send(
    request: web.Request,
    protocol: str,
    events: Sequence[tuple[str, float]],
    fault: str | None,
    hold: Callable[[], Awaitable[object]] | None,
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    sent = events if fault is None else events[: max(1, len(events) // 2)]
    last = max((at for at, (event, _) in enumerate(sent) if model_formats.count_said(event)), default=0)
    loop = asyncio.get_running_loop()
    due = loop.time()
    for at, (event, wait) in enumerate(sent):
        due += wait
        await asyncio.sleep(due - loop.time())
        if at == last and hold is not None:
            await hold()
        await response.write(event.encode())
    if fault == "malformed":
        await response.write(b"event: message_delta\ndata: {not json\n\n")
    elif fault == "stream_error":
        await response.write(model_formats.error_event(protocol).encode())
    elif fault == "reset" and request.transport is not None:
        request.transport.abort()
        return response
    await response.write_eof()
    return response


async def _serve(script: Script, port: int, delay: float) -> None:
    async with ScriptedModel(script, port=port, delay=delay) as server:
        print(f"listening on {server.anthropic_url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--script", type=Path, required=True, help="a JSON list of rules")
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each streamed piece")
    given = parser.parse_args()
    asyncio.run(_serve(Script.load(json.loads(given.script.read_text())), given.port, given.delay))


if __name__ == "__main__":
    main()
