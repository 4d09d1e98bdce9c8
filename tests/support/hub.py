"""A hub with an App installed on one repository, a person, a listener for webhooks, and bare HTTP clients."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import jwt
from aiohttp import web
from jwt.algorithms import RSAAlgorithm

from simhub import AppCredentials, Hub
from simhub.model import Account, Installation, Repository
from tests.support.keys import key_pair

PERMISSIONS = {
    "contents": "write",
    "issues": "write",
    "pull_requests": "write",
    "checks": "write",
    "statuses": "write",
    "actions": "write",
}
EVENTS = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "pull_request_review_thread",
    "push",
    "create",
    "delete",
    "check_run",
    "check_suite",
    "label",
    "repository",
    "status",
    "workflow_run",
    "workflow_job",
    "fork",
]
FILES = {"README.md": "# Sample\n\nA small thing.\n", "src/app.py": "".join(f"line {n}\n" for n in range(1, 41))}


@cache
def _load(pem: str) -> Any:
    """Load a private key once: checking it takes longer than all else that a stage needs."""
    return RSAAlgorithm(RSAAlgorithm.SHA256).prepare_key(pem)


@dataclass
class Answer:
    status: int
    body: Any
    headers: Any


@dataclass
class Received:
    event: str
    payload: dict[str, Any]
    headers: dict[str, str]
    raw: bytes

    @property
    def name(self) -> str:
        return f"{self.event}.{self.payload['action']}" if "action" in self.payload else self.event


@dataclass
class Stage:
    hub: Hub
    app: AppCredentials
    alice: Account
    repo: Repository
    installation: Installation
    session: aiohttp.ClientSession
    root: Path
    received: list[Received] = field(default_factory=list)
    answer_webhooks_with: int = 202
    token: str = ""

    def jwt(self, issued: int = -60, expires: int = 500, issuer: str | None = None, key: str | None = None) -> str:
        now = int(self.hub.world.clock())
        claims = {"iat": now + issued, "exp": now + expires, "iss": issuer or str(self.app.app_id)}
        return jwt.encode(claims, _load(key or self.app.private_key), "RS256")

    async def ask(
        self, method: str, path: str, token: str | None = None, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """One REST call; ``token`` defaults to the installation's, "" means anonymous."""
        token = self.token if token is None else token
        head = ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
        url = self.hub.api_url + path
        async with self.session.request(method, url, json=body, headers=head, allow_redirects=False) as answer:
            text = await answer.text()
            kind = answer.headers.get("Content-Type", "")
            return Answer(answer.status, await answer.json() if "json" in kind and text else text, answer.headers)

    async def mint(self, **narrow: Any) -> str:
        path = f"/app/installations/{self.installation.id}/access_tokens"
        answer = await self.ask("POST", path, self.jwt(), narrow)
        assert answer.status == 201, answer.body
        return str(answer.body["token"])

    async def graphql(self, query: str, token: str | None = None, **variables: Any) -> dict[str, Any]:
        head = {"Authorization": f"Bearer {token or self.token}"}
        body = {"query": query, "variables": variables}
        async with self.session.post(self.hub.graphql_url, json=body, headers=head) as answer:
            assert answer.status == 200
            assert answer.headers["X-RateLimit-Resource"] == "graphql"
            return dict(await answer.json())

    async def pull(self, text: str, branch: str = "topic", path: str = "src/app.py", draft: bool = False) -> str:
        """A pull request over REST that replaces one file; returns its head."""
        repo = f"/repos/{self.repo.full_name}"
        base = (await self.ask("GET", f"{repo}/git/ref/heads/main")).body["object"]["sha"]
        await self.ask("POST", f"{repo}/git/refs", body={"ref": f"refs/heads/{branch}", "sha": base})
        entry = {"path": path, "mode": "100644", "type": "blob", "content": text}
        tree = await self.ask("POST", f"{repo}/git/trees", body={"base_tree": base, "tree": [entry]})
        commit = {"message": "Change", "tree": tree.body["sha"], "parents": [base]}
        head = (await self.ask("POST", f"{repo}/git/commits", body=commit)).body["sha"]
        moved = await self.ask("PATCH", f"{repo}/git/refs/heads/{branch}", body={"sha": head})
        assert moved.status == 200, moved.body
        wanted = {"title": "P", "head": branch, "base": "main", "draft": draft}
        made = await self.ask("POST", f"{repo}/pulls", body=wanted)
        assert made.status == 201, made.body
        return str(head)

    async def events(self) -> list[str]:
        await self.hub.settled()
        return [item.name for item in self.received]

    def clone(self, name: str = "work") -> Path:
        target = self.root / name
        url = f"{self.hub.url}/{self.repo.full_name}.git"
        done = self.git("clone", "--quiet", url, str(target))
        assert done.returncode == 0, done.stderr
        return target

    def git(self, *argv: str, cwd: Path | None = None, token: str | None = None) -> subprocess.CompletedProcess[str]:
        """Real git with the installation's token as an extra header. Run it off the loop: the hub serves on it."""
        secret = base64.b64encode(f"x-access-token:{self.token if token is None else token}".encode()).decode()
        header = [] if token == "" else ["-c", f"http.extraHeader=Authorization: Basic {secret}"]
        who = ["-c", "user.name=forgehand[bot]", "-c", "user.email=1+forgehand[bot]@users.noreply.github.com"]
        env = {"PATH": "/usr/bin:/bin", "HOME": str(self.root), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        return subprocess.run(
            ["git", *header, *who, *argv], cwd=cwd, env=env, capture_output=True, text=True, check=False
        )


@asynccontextmanager
async def stage(root: Path) -> AsyncIterator[Stage]:
    source = root / "source"
    for name, text in FILES.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    async with Hub.start(root / "hub") as hub, aiohttp.ClientSession() as session:
        app = hub.create_app(
            "forgehand", webhook_secret="s3cret", permissions=PERMISSIONS, events=EVENTS, key_pair=key_pair()
        )
        alice = hub.create_user("alice")
        repo = hub.create_repository("octo/sample", source=source)
        hub.set_permission(repo, "alice", "admin")
        made = Stage(hub, app, alice, repo, None, session, root)  # type: ignore[arg-type]
        runner, app.webhook_url = await _listen(made)
        made.installation = hub.install(app, "octo", [repo])
        made.token = await made.mint()
        yield made
        await hub.settled()
        await runner.cleanup()


async def _listen(made: Stage) -> tuple[web.AppRunner, str]:
    async def receive(request: web.Request) -> web.Response:
        raw = await request.read()
        item = Received(request.headers["X-GitHub-Event"], await request.json(), dict(request.headers), raw)
        made.received.append(item)
        return web.Response(status=made.answer_webhooks_with)

    application = web.Application(client_max_size=30 * 1024 * 1024)
    application.router.add_post("/hook", receive)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
