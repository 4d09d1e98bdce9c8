"""Dispatch REST requests: identify, authorise, answer, and add every header of GitHub's."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
import time
import uuid
import zlib
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from simhub import auth, resources
from simhub.actor import Actor, allows, has_role
from simhub.call import Answer, Call, Route, routes
from simhub.errors import ApiError, bad_credentials, moved, not_accessible, not_found
from simhub.faults import Fault
from simhub.graphql import endpoint as graphql
from simhub.model import Repository
from simhub.requestlog import RequestRecord
from simhub.state import State

resources.load()
GRAPHQL_PATH = "/graphql"
_MUTATION = re.compile(rb'"query"\s*:\s*"(?:\s|\\n)*mutation\b')


def handler(hub: State) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await _Exchange(hub, request, request.match_info["path"] or "/").run()

    return handle


def graphql_handler(hub: State) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await _GraphQL(hub, request, GRAPHQL_PATH).run()

    return handle


class _Exchange:
    """One request and its answer."""

    def __init__(self, hub: State, request: web.Request, path: str) -> None:
        self.hub = hub
        self.request = request
        self.path = path.rstrip("/") or "/"
        self.actor = Actor("anonymous")
        self.route: Route | None = None
        self.links = ""
        self.payload: Any = None
        self.started = time.monotonic()
        self.id = uuid.uuid4().hex[:16].upper()

    async def run(self) -> web.StreamResponse:
        by_person = auth.is_person(self.request.headers.get("Authorization", ""))
        fault = self.hub.faults.take(self.request.method, self.path, by_person=by_person)
        await asyncio.sleep(self.hub.latency + (fault.delay if fault else 0))
        raw = await self.request.read()
        if fault and fault.status and not fault.after:
            answer = Answer(fault.answer_body(), fault.status, fault.headers)
        else:
            answer = await self._answer(raw)
            if fault and fault.status:
                answer = Answer(fault.answer_body(), fault.status, fault.headers)
        response = self._response(answer, fault)
        self._record(response.status, answer.body, fault is not None)
        if fault and fault.reset:
            return await _broken(self.request, response)
        if fault and fault.slow:
            return await _slow(self.request, response, fault.slow)
        return response

    async def _answer(self, raw: bytes) -> Answer:
        try:
            self.actor = auth.identify(self.hub.world, self.request.headers.get("Authorization"), self.hub.lag)
            if self.path != "/rate_limit":
                self.hub.limits.spend(self.actor, self._resource())
            content = _creates(self.request.method, self.path)
            self.hub.limits.enter(self.actor, self._resource(), 5 if self._writes(raw) else 1, content)
            self.hub.limits.begin(self.actor)
            try:
                self.payload = _parse(raw, self.request.headers.get("Content-Encoding", ""))
                return await self._dispatch()
            finally:
                self.hub.limits.end(self.actor)
        except ApiError as error:
            return self._refusal(error)

    def _refusal(self, error: ApiError) -> Answer:
        return Answer(error.body, error.status, error.headers)

    async def _dispatch(self) -> Answer:
        path = self._by_name()
        method = "GET" if self.request.method == "HEAD" else self.request.method
        found = routes.find(method, path)
        if found is None:
            raise not_found()
        self.route, params = found
        call = Call(
            self.hub, self.actor, method, path, params, self.request.query, self.request.headers.get("Accept", ""),
            self.payload,
        )  # fmt: skip
        _check_auth(self.route, self.actor)
        if "repo" in params and "owner" in params:
            call.repository = self._repository(f"{params['owner']}/{params['repo']}", path)
            _check_repository(self.route, call)
        result = await self.route.handler(call)
        self.links = call.links
        return result if isinstance(result, Answer) else Answer(result)

    def _by_name(self) -> str:
        """``/repositories/ID/...`` (where redirects lead) stands for ``/repos/OWNER/NAME/...``."""
        parts = self.path.split("/", 3)
        if len(parts) < 3 or parts[1] != "repositories" or not parts[2].isdigit():
            return self.path
        repo = self.hub.world.repository_by_id(int(parts[2]))
        if repo is None:
            raise not_found()
        return "/".join(["/repos", repo.full_name, *parts[3:]])

    def _repository(self, full_name: str, path: str) -> Repository:
        repo = self.hub.world.repository(full_name)
        now = self.hub.world.moved.get(full_name.lower())
        if repo is None and now is not None and self.actor.sees(now):
            location = "/".join([f"{self.hub.api_url}/repositories/{now.id}", *path.split("/", 4)[4:]])
            raise moved(self.request.method, location, self.request.query)
        if repo is None or not self.actor.sees(repo):
            raise not_found()
        return repo

    def _resource(self) -> str:
        return "core"

    def _writes(self, raw: bytes) -> bool:
        """Return whether it costs what a write costs; the body is not read yet."""
        return self.request.method not in ("GET", "HEAD", "OPTIONS")

    def _response(self, answer: Answer, fault: Fault | None) -> web.Response:
        body = _encode(answer)
        if fault and fault.malformed:
            body = body[: max(1, len(body) // 2)]
        headers = self._headers() | dict(answer.headers)
        status = answer.status
        if status == 200 and self.request.method in ("GET", "HEAD"):
            tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
            headers |= {"ETag": tag, "Cache-Control": "private, max-age=60, s-maxage=60"}
            if tag in self.request.headers.get("If-None-Match", ""):
                self.hub.limits.refund(self.actor, self._resource())
                return web.Response(status=304, headers=headers | self._rate_headers())
        if status == 204:
            return web.Response(status=204, headers=headers)
        return web.Response(
            status=status, body=body, headers=headers | {"Content-Type": f"{answer.content_type}; charset=utf-8"}
        )

    def _headers(self) -> dict[str, str]:
        headers = {
            "X-GitHub-Media-Type": "github.v3; format=json",
            "X-GitHub-Api-Version-Selected": self.request.headers.get("X-GitHub-Api-Version", "2022-11-28"),
            "X-GitHub-Request-Id": self.id,
            "Date": formatdate(self.hub.world.clock(), usegmt=True),
            "Server": "simhub",
            "Vary": "Accept, Authorization, Cookie",
            **self._rate_headers(),
        }
        if self.route and self.actor.kind == "installation":
            headers["X-Accepted-GitHub-Permissions"] = self.route.accepted()
        if self.actor.kind == "user":
            headers |= {"X-OAuth-Scopes": "read:org, repo, workflow", "X-Accepted-OAuth-Scopes": "repo"}
        return headers | ({"Link": self.links} if self.links else {})

    def _rate_headers(self) -> dict[str, str]:
        return self.hub.limits.headers(self.actor, self._resource())

    def _record(self, status: int, answer: object, faulted: bool) -> None:
        permissions = dict(self.actor.token.permissions) if self.actor.token else {}
        login = self.actor.account.login if self.actor.account else ""
        route = self.route.template if self.route else ""
        seconds = time.monotonic() - self.started
        self.hub.record(
            RequestRecord(
                self.request.method,
                self.path,
                status,
                self.actor.kind,
                login,
                seconds,
                permissions,
                route,
                self.payload,
                faulted,
                self.request.query,
                self.id,
            ),
            answer,
        )


class _GraphQL(_Exchange):
    """The GraphQL variant of an exchange: credentials, limits, faults, headers, log."""

    async def _dispatch(self) -> Answer:
        call = Call(self.hub, self.actor, self.request.method, self.path, {}, {}, "", self.payload)
        return await graphql.answer(call)

    def _refusal(self, error: ApiError) -> Answer:
        """Tell of a used up hour with a 200; a secondary limit is a 403 here too."""
        if not error.body["message"].startswith("API rate limit exceeded"):
            return super()._refusal(error)
        message = error.body["message"].replace("limit exceeded", "limit already exceeded")
        return Answer({"errors": [{"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}]})

    def _resource(self) -> str:
        return "graphql"

    def _writes(self, raw: bytes) -> bool:
        return _MUTATION.search(raw) is not None


def _check_auth(route: Route, actor: Actor) -> None:
    if (route.auth == "client") != (actor.kind == "client"):
        raise bad_credentials()
    if route.auth == "jwt" and actor.kind != "app":
        raise ApiError(401, "A JSON web token could not be decoded")
    if route.auth != "jwt" and actor.kind == "app" and route.auth != "any":
        raise bad_credentials()
    if route.auth == "token" and actor.kind == "anonymous":
        raise ApiError(401, "Requires authentication")


def _check_repository(route: Route, call: Call) -> None:
    """Permissions of an installation token; the role of a person; reading for strangers."""
    actor, repo = call.actor, call.repo
    reads = call.method == "GET"
    if actor.kind == "app":
        raise bad_credentials()
    if actor.token:
        inside = actor.token.covers(repo)
        if (inside and not allows(actor.token.permissions, _needs(route, call))) or (not inside and not reads):
            raise not_accessible(route.accepted())
    elif actor.kind == "user":
        if not has_role(repo, actor.user, route.role):
            raise ApiError(403, "Must have admin rights to Repository.") if repo.private or reads else not_found()
    elif not reads:
        raise ApiError(401, "Requires authentication")
    if not reads and repo.archived:
        raise ApiError(403, "Repository was archived so is read-only.")


def _needs(route: Route, call: Call) -> str:
    """``pull_requests`` opens the issue endpoints for the numbers of pull requests only."""
    if "/issues/{number}" not in route.template or "|" not in route.needs:
        return route.needs
    number = call.params.get("number", "")
    issue = call.repo.issues.get(int(number)) if number.isdigit() else None
    return route.needs if issue is not None and issue.pull else route.needs.split("|")[0]


def _creates(method: str, path: str) -> bool:
    """Return whether it makes content that counts to the secondary limit of content creation."""
    tail = path.rsplit("/", 1)[-1]
    return method == "POST" and tail in ("issues", "comments", "pulls", "reviews", "replies")


def _parse(raw: bytes, encoding: str) -> Any:
    try:
        if encoding == "gzip":
            raw = gzip.decompress(raw)
        return json.loads(raw) if raw.strip() else None
    except (ValueError, OSError, EOFError, zlib.error):
        raise ApiError(400, "Problems parsing JSON") from None


def _encode(answer: Answer) -> bytes:
    if isinstance(answer.body, bytes):
        return answer.body
    return b"" if answer.body is None and answer.status != 200 else json.dumps(answer.body).encode()


async def _broken(request: web.Request, whole: web.Response) -> web.StreamResponse:
    """Announce the whole body, send half of it, drop the connection."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    partial = web.StreamResponse(status=whole.status, headers=whole.headers)
    partial.content_length = max(2, len(body))
    await partial.prepare(request)
    await partial.write(body[: len(body) // 2] or b"{")
    if request.transport:
        request.transport.abort()
    return partial


async def _slow(request: web.Request, whole: web.Response, seconds: float) -> web.StreamResponse:
    """Send the body in pieces."""
    body = whole.body if isinstance(whole.body, bytes) else b""
    response = web.StreamResponse(status=whole.status, headers=whole.headers)
    response.content_length = len(body)
    await response.prepare(request)
    size = len(body) // 10 + 1
    for start in range(0, len(body), size):
        await asyncio.sleep(seconds / 10)
        await response.write(body[start : start + size])
    await response.write_eof()
    return response
