"""Serve the API: from a request to its operation, and from its answer to a response.

In this order, so that nothing is read for strangers: token, scope, rate limit, body. Whatever goes wrong below ``/api``
is a problem document, aiohttp's own refusals included.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from pydantic import TypeAdapter

from bot.dispatch.registry import Registry
from bot.doors.api import (
    budgets,
    canary,
    catalogue,
    checkup,
    commands,
    course,
    deciding,
    deliveries,
    figures,
    flaky,
    incidents,
    keys,
    policies,
    providers,
    reports,
    repositories,
    results,
    sources,
    starting,
    tasks,
)
from bot.doors.api.aliases import alias_operations
from bot.doors.api.callers import Caller, CallerRates, identify, read_bearer
from bot.doors.api.catalogue import asked_for
from bot.doors.api.context import Context, Deliveries, Examine, find_nothing
from bot.doors.api.document import render_document
from bot.doors.api.gate import Gate
from bot.doors.api.intake import read_arguments
from bot.doors.api.operation import Operation, Raw, Reply, Sender
from bot.doors.api.problems import Problem
from bot.doors.api.runs import Runs
from bot.doors.handlers import Handlers
from bot.doors.webhook.endpoint import Accept
from bot.github.api.errors import Forbidden, GitHubError
from bot.store.feed import Feed
from bot.work.services import Services

PREFIX = "/api"
_RETRY_SECONDS = 10
_DATABASE_SECONDS = 5.0
_HEADERS = {"X-Content-Type-Options": "nosniff"}
_MODULES = (
    catalogue,
    commands,
    tasks,
    results,
    course,
    starting,
    deciding,
    incidents,
    policies,
    canary,
    figures,
    flaky,
    providers,
    keys,
    reports,
    deliveries,
    repositories,
    budgets,
    sources,
    checkup,
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger(__name__)


@cache
def list_operations(registry: Registry) -> tuple[Operation, ...]:
    """List every operation: the fixed ones, one a task, the aliases."""
    fixed = [operation for module in _MODULES for operation in module.operations.all]
    starts = [starting.start_operation(spec) for spec in asked_for(registry)]
    return (*fixed, *starts, *alias_operations(registry))


def make_context(services: Services, handlers: Handlers, accept: Accept, examine: Examine = find_nothing) -> Context:
    """Return what the operations work with, for the API and the control room.

    ``accept`` takes a delivery that is to be handled again, ``examine`` runs the doctor.
    """
    operations = list_operations(handlers.registry)
    document = cache(lambda: render_document(operations).encode())
    return Context(
        services,
        handlers.registry,
        Gate(services),
        Feed(services.store),
        operations,
        document,
        deliveries=Deliveries(handlers, accept),
        examine=examine,
    )


def make_api(context: Context, session: aiohttp.ClientSession) -> web.Application:
    """Return the application to mount at :data:`PREFIX`.

    ``session`` fetches the keys of those who issue tokens.
    """
    services = context.services
    runs = Runs(services, session)
    limit = CallerRates(services.rates.part("api"), services.settings.api_requests_a_minute)
    app = web.Application(middlewares=[_answer_problems])
    app.on_shutdown.append(partial(_close, context))
    for operation in context.operations:
        # not add_get: that would register HEAD too, which no document speaks of
        app.router.add_route(operation.method, operation.route, _handler(operation, context, runs, limit))
    return app


async def _close(context: Context, _app: web.Application) -> None:
    await context.feed.close()


def _handler(operation: Operation, context: Context, runs: Runs, limit: CallerRates) -> Handler:
    written = isinstance(operation.answer, type) and issubclass(operation.answer, Raw | Sender)
    adapter: TypeAdapter[Any] = TypeAdapter(Any if written else operation.answer)

    async def handle(request: web.Request) -> web.StreamResponse:
        given: dict[str, Any] = {"context": context}
        if operation.scope is not None:
            given["caller"] = await _admit(operation, context, runs, limit, request)
        given |= await read_arguments(operation, request)
        answer = await operation.run(**{name: given[name] for name in operation.wants})
        if isinstance(answer, Sender):
            return await answer.send(request)
        return _respond(operation, adapter, answer, request)

    return handle


async def _admit(
    operation: Operation, context: Context, runs: Runs, limit: CallerRates, request: web.Request
) -> Caller:
    """Return the caller, if its token is good, fitting and not too fast."""
    assert operation.scope is not None
    text = read_bearer(request)
    # a token of ours has no dots, one of GitHub Actions two
    run = await runs.verify(text) if text.count(".") == 2 else None
    store = context.services.store
    try:
        async with asyncio.timeout(0 if store.waiting else _DATABASE_SECONDS):
            caller = await (identify(text, store) if run is None else runs.identify(run))
    except TimeoutError:
        retry = {"Retry-After": str(_RETRY_SECONDS)}
        raise Problem("The database does not answer; try again later.", status=503, headers=retry) from None
    seconds = limit.take(caller)
    if seconds:
        retry = {"Retry-After": str(int(seconds) + 1)}
        raise Problem(
            "Too many requests with this token, of this account or of this repository; wait a little.",
            status=429,
            headers=retry,
        )
    caller.check_scope(operation.scope, administrators=operation.administrators)
    return caller


def _respond(operation: Operation, adapter: TypeAdapter[Any], answer: Any, request: web.Request) -> web.Response:
    reply = answer if isinstance(answer, Reply) else Reply(answer, operation.statuses[0])
    headers = {"Cache-Control": "no-store", **_HEADERS, **reply.headers}
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    body = bytes(reply.body) if isinstance(reply.body, Raw) else adapter.dump_json(reply.body)
    if operation.etag:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers |= {"ETag": tag, "Cache-Control": "private, no-cache"}
        if tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
    return web.Response(body=body, status=reply.status, headers=headers, content_type="application/json")


@web.middleware
async def _answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.answer()
    except web.HTTPException as refused:
        return _translate(refused).answer()
    except Forbidden as error:
        return Problem(error.message, status=403).answer()
    except GitHubError as error:
        log.warning("GitHub did not answer an API request", reason=error.message)
        retry = {"Retry-After": str(_RETRY_SECONDS)}
        return Problem("GitHub did not answer; try again later.", status=503, headers=retry).answer()
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception:  # - the boundary of one request
        log.exception("API request failed")
        return Problem("Internal error; the server's log has the reason.", status=500).answer()


def _translate(refused: web.HTTPException) -> Problem:
    words = {404: "There is nothing at this address.", 405: "This address takes other methods (`Allow`)."}
    headers = {name: refused.headers[name] for name in ("Allow",) if name in refused.headers}
    return Problem(words.get(refused.status, refused.reason), status=refused.status, headers=headers)
