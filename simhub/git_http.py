"""git over HTTP through ``git http-backend``, with GitHub's refusals in front and its webhooks behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from aiohttp import web

from simhub import auth, forge, git_report, rules
from simhub.actor import Actor, allows, has_role
from simhub.errors import ApiError
from simhub.gitrepo import GitRepo, environment
from simhub.model import Repository
from simhub.requestlog import RequestRecord
from simhub.state import State

_HOOK = Path(__file__).with_name("hooks") / "update"
_CHUNK = 1 << 16


def add_routes(app: web.Application, hub: State) -> None:
    server = _GitServer(hub)
    app.router.add_get("/{owner}/{repo}/info/refs", server.handle)
    app.router.add_post("/{owner}/{repo}/{service:git-(?:upload|receive)-pack}", server.handle)


class _GitServer:
    def __init__(self, hub: State) -> None:
        self.hub = hub
        self.pushes: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        # A copy of our own: git ignores a hook that an installer left without its executable bit.
        self.hooks = (hub.root / ".hooks").resolve()
        self.hooks.mkdir(parents=True, exist_ok=True)
        (self.hooks / "update").write_text(_HOOK.read_text())
        (self.hooks / "update").chmod(0o755)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        started = time.monotonic()
        actor = Actor("anonymous")
        by_person = auth.is_person(request.headers.get("Authorization", ""))
        fault = self.hub.faults.take(request.method, request.path, by_person=by_person)
        await asyncio.sleep(fault.delay if fault else 0)
        try:
            if fault and fault.status:
                words = (fault.body or {}).get("message", "")
                raise ApiError(fault.status, words, headers=fault.headers)
            actor = auth.identify(self.hub.world, request.headers.get("Authorization"), self.hub.lag)
            repo = self._repository(request, actor)
            if _service(request) == "git-receive-pack":
                _check_push(repo, actor)
                response = await self._push(request, repo, actor)
            else:
                _check_fetch(repo, actor)
                response = await self._backend(request, repo, actor, {})
        except ApiError as error:
            response = _refusal(error)
        permissions = dict(actor.token.permissions) if actor.token else {}
        login = actor.account.login if actor.account else ""
        self.hub.record(
            RequestRecord(
                request.method, request.path, response.status, "git", login, time.monotonic() - started, permissions,
                _service(request),
            )
        )  # fmt: skip
        return response

    def _repository(self, request: web.Request, actor: Actor) -> Repository:
        name = f"{request.match_info['owner']}/{request.match_info['repo'].removesuffix('.git')}"
        repo = self.hub.world.repository(name)
        now = self.hub.world.moved.get(name.lower())
        if repo is None and now is not None and actor.sees(now):
            tail = request.path.split("/", 3)[3]
            query = f"?{request.query_string}" if request.query_string else ""
            location = f"{self.hub.url}/{now.full_name}.git/{tail}{query}"
            raise ApiError(301, "Moved Permanently", headers={"Location": location})
        if repo is None or not actor.sees(repo):
            if actor.kind == "anonymous":
                raise ApiError(401, "Authentication required")
            raise ApiError(404, "Repository not found.")
        return repo

    async def _push(self, request: web.Request, repo: Repository, actor: Actor) -> web.StreamResponse:
        if request.method == "GET":
            return await self._backend(request, repo, actor, {})
        async with self.pushes[repo.id]:
            git = GitRepo(repo.path)
            before = await git.refs()

            async def settle() -> None:
                await forge.refs_changed(self.hub, repo, before, await git.refs(), actor)

            url, verified = f"{self.hub.url}/{repo.full_name}", self.hub.world.verified
            async with _Questions(partial(rules.push_refusal, repo, url, actor=actor, verified=verified)) as asked:
                extra = _hook_environment(self.hooks) | asked.environment
                return await self._backend(request, repo, actor, extra, settle, asked.descriptors)

    async def _backend(
        self,
        request: web.Request,
        repo: Repository,
        actor: Actor,
        extra: dict[str, str],
        settle: Callable[[], Awaitable[None]] | None = None,
        descriptors: Sequence[int] = (),
    ) -> web.StreamResponse:
        """Run http-backend. ``settle`` runs before the answer ends: who pushed finds heads and checks up to date.

        ``descriptors`` are inherited by it and its hooks.
        """
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            env=_cgi_environment(request, repo, actor) | extra,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            pass_fds=descriptors,
        )
        feeding = asyncio.create_task(_feed(request, process))
        try:
            response = await _relay(request, process)
            if settle:
                await settle()
            await response.write_eof()
        except BaseException:
            # Only here: kill() polls, and a poll may take the exit status away from the event loop's watcher.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        finally:
            feeding.cancel()
            await process.wait()
        return response


async def _relay(request: web.Request, process: asyncio.subprocess.Process) -> web.StreamResponse:
    """Send on what http-backend says: CGI headers, then the body. The short report of a push is explained first."""
    assert process.stdout is not None
    status, headers = await _cgi_head(process.stdout)
    response = web.StreamResponse(status=status, headers=headers)
    await response.prepare(request)
    if request.method == "POST" and _service(request) == "git-receive-pack":
        await response.write(git_report.explained(await process.stdout.read()))
    while chunk := await process.stdout.read(_CHUNK):
        await response.write(chunk)
    return response


def _service(request: web.Request) -> str:
    return request.match_info.get("service") or request.query.get("service", "")


def _check_fetch(repo: Repository, actor: Actor) -> None:
    if actor.token and actor.token.covers(repo) and not allows(actor.token.permissions, "contents:read"):
        raise ApiError(403, "Write access to repository not granted.")


def _check_push(repo: Repository, actor: Actor) -> None:
    if actor.kind in ("anonymous", "app"):
        raise ApiError(401, "Authentication required")
    if actor.token:
        permitted = actor.token.covers(repo) and allows(actor.token.permissions, "contents:write")
    else:
        permitted = has_role(repo, actor.user, "write")
    if not permitted:
        words = "Write access to repository not granted." if actor.token else (
            f"Permission to {repo.full_name}.git denied to {actor.user.login}."
        )  # fmt: skip
        raise ApiError(403, words)
    if repo.archived:
        raise ApiError(403, "This repository was archived so it is read-only.")


def _refusal(error: ApiError) -> web.Response:
    headers = dict(error.headers)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return web.Response(status=error.status, text=error.body["message"], headers=headers)


def _cgi_environment(request: web.Request, repo: Repository, actor: Actor) -> dict[str, str]:
    tail = request.path.split("/", 3)[3]
    env = environment() | {
        "GIT_PROJECT_ROOT": str(repo.path),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{tail}",
        "QUERY_STRING": request.query_string,
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "REMOTE_USER": actor.account.login if actor.account else "",
    }
    if request.content_length is not None:
        env["CONTENT_LENGTH"] = str(request.content_length)
    return env


def _hook_environment(hooks: Path) -> dict[str, str]:
    number = int(environment()["GIT_CONFIG_COUNT"])
    return {
        "GIT_CONFIG_COUNT": str(number + 1),
        f"GIT_CONFIG_KEY_{number}": "core.hooksPath",
        f"GIT_CONFIG_VALUE_{number}": str(hooks),
    }


class _Questions:
    """Two pipes on which the update hook of one push asks about each ref and is told whether it may move."""

    def __init__(self, refusal: Callable[[str, str, str], Awaitable[list[str]]]) -> None:
        self._refusal = refusal
        self._asked, self._ask = os.pipe()
        self._answer, self._told = os.pipe()
        self._answering: asyncio.Task[None] | None = None

    @property
    def descriptors(self) -> tuple[int, int]:
        return self._ask, self._answer

    @property
    def environment(self) -> dict[str, str]:
        return {"SIMHUB_ASK": str(self._ask), "SIMHUB_ANSWER": str(self._answer)}

    async def __aenter__(self) -> _Questions:
        self._answering = asyncio.create_task(self._serve())
        return self

    async def __aexit__(self, *_: object) -> None:
        # Our own copy of the hook's end is the last one: closing it ends the stream of questions.
        os.close(self._ask)
        assert self._answering is not None
        await self._answering
        os.close(self._answer)
        os.close(self._told)

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(self._asked, "rb", buffering=0)
        )
        try:
            while line := (await reader.readline()).decode().split():
                ref, old, new = line
                lines = await self._refusal(ref, old, new)
                text = "".join(f"{each}\n" for each in [*lines, "=refused" if lines else "=allowed"])
                await asyncio.to_thread(os.write, self._told, text.encode())
        finally:
            transport.close()


async def _feed(request: web.Request, process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    try:
        async for chunk in request.content.iter_chunked(_CHUNK):
            process.stdin.write(chunk)
            await process.stdin.drain()
    except ConnectionError:
        pass  # http-backend has heard enough; what it answers says why
    finally:
        process.stdin.close()


async def _cgi_head(stdout: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    status, headers = 200, {}
    while line := (await stdout.readline()).decode().strip():
        name, _, value = line.partition(": ")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers[name] = value
    return status, headers
