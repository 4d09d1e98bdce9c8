"""Signed webhooks: who gets which event, delivery over HTTP, the delivery log, redelivery, and disorder on demand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import time
import uuid
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from simhub import shapes
from simhub.address import Address
from simhub.model import Account, App, Delivery, Installation, Repository

ANSWER_SECONDS = 10
MAX_BYTES = 25 * 1024 * 1024
_ALWAYS = ("installation", "installation_repositories", "github_app_authorization")
_KEPT = 10_000


@dataclass
class Disorder:
    """Delivery faults: seconds of delay, copies of each, shuffling, drops (still logged)."""

    delay: float = 0.0
    copies: int = 1
    shuffle: bool = False
    drop: bool = False


@dataclass
class Webhooks:
    hub: Address
    log: deque[Delivery] = field(default_factory=lambda: deque(maxlen=_KEPT))
    disorder: Disorder = field(default_factory=Disorder)
    answer_seconds: float = ANSWER_SECONDS
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    async def settled(self) -> None:
        """Wait until every delivery under way has ended."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def emit(self, event: str, payload: dict[str, Any], repository: Repository, sender: Account) -> None:
        """Send to every App installed on the repository that asked for the event."""
        for installation in list(self.hub.world.installations.values()):
            listening = event in installation.events and not installation.suspended_at and not installation.deleted
            if listening and installation.covers(repository):
                self._queue(installation, event, payload, repository, sender)

    def emit_to(self, installation: Installation, event: str, payload: dict[str, Any], sender: Account) -> None:
        """Send an event about the installation itself, which cannot be declined."""
        full = shapes.installation(self.hub, installation)
        self._send(installation.app, event, {**payload, "installation": full, "sender": sender}, installation.id, None)

    def emit_check(
        self, app: App, event: str, payload: dict[str, Any], repository: Repository, sender: Account
    ) -> None:
        """Send a check event that only its own App gets (rerequested, requested_action, a new suite)."""
        installation = self.hub.world.installation_of(app, repository)
        if installation and not installation.suspended_at and event in installation.events:
            self._queue(installation, event, payload, repository, sender)

    def _queue(
        self, installation: Installation, event: str, payload: dict[str, Any], repository: Repository, sender: Account
    ) -> None:
        shape = shapes.repository(self.hub, repository)
        if event == "push":  # its repository has an older shape
            owner = shape["owner"] | {"name": shape["owner"]["login"], "email": None}
            shape = shape | {"owner": owner, "master_branch": shape["default_branch"], "stargazers": 0}
        body = {**payload, "repository": shape}
        if repository.owner.type == "Organization":
            body["organization"] = shapes.organization(self.hub, repository.owner)
        brief = {"id": installation.id, "node_id": shapes.installation_node(installation)}
        body |= {"sender": sender, "installation": brief}
        self._send(installation.app, event, body, installation.id, repository.id)

    def revoke(self, app: App, sender: Account) -> None:
        """Tell an App that a person takes back its authorisation."""
        self._send(app, "github_app_authorization", {"action": "revoked", "sender": sender}, None, None)

    def ping(self, app: App) -> None:
        hook = {"type": "App", "id": app.hook_id, "name": "web", "active": True, "events": app.events}
        hook |= {"config": shapes.hook_config(app), "app_id": app.id}
        self._send(app, "ping", {"zen": "Design for failure.", "hook_id": app.hook_id, "hook": hook}, None, None)

    def _send(
        self, app: App, event: str, payload: dict[str, Any], installation_id: int | None, repository_id: int | None
    ) -> None:
        if not app.webhook_url or (event not in _ALWAYS and event != "ping" and event not in app.events):
            return
        if isinstance(payload.get("sender"), Account):
            payload["sender"] = shapes.user(self.hub, payload["sender"])
        body = json.dumps(payload, separators=(",", ":")).encode()
        if len(body) > MAX_BYTES:
            return
        guid = str(uuid.uuid4())
        action = payload.get("action")
        delivery = Delivery(
            self.hub.world.new_id(), guid, app, event, action, installation_id, repository_id,
            app.webhook_url, _headers(app, event, guid, body), body, self.hub.world.now(),
        )  # fmt: skip
        for _ in range(self.disorder.copies):
            self._start(replace(delivery))

    def redeliver(self, delivery: Delivery) -> Delivery:
        """Send the same body under the same GUID once more, to where the hook points now."""
        again = replace(
            delivery,
            id=self.hub.world.new_id(),
            redelivery=True,
            url=delivery.app.webhook_url or delivery.url,
            headers=_headers(delivery.app, delivery.event, delivery.guid, delivery.body),
            delivered_at=self.hub.world.now(),
            status="pending",
            status_code=0,
            duration=0.0,
        )
        self._start(again)
        return again

    def find(self, delivery_id: int) -> Delivery | None:
        return next((d for d in self.log if d.id == delivery_id), None)

    def _start(self, delivery: Delivery) -> None:
        self.log.append(delivery)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, delivery: Delivery) -> None:
        pause, lost = self.disorder.delay, self.disorder.drop and not delivery.redelivery
        if self.disorder.shuffle:
            pause += random.uniform(0, 0.2)
        if pause:
            await asyncio.sleep(pause)
        if lost:
            delivery.status, delivery.status_code = "failed to connect to host", 502
            return
        started = time.monotonic()
        try:
            await self._post(delivery)
        except TimeoutError:
            delivery.status, delivery.status_code = "timed out", 504
        except aiohttp.ClientError as error:
            delivery.status = f"failed to connect to host ({type(error).__name__})"
            delivery.status_code = 502
        delivery.duration = round(time.monotonic() - started, 3)

    async def _post(self, delivery: Delivery) -> None:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=100)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        timeout = aiohttp.ClientTimeout(total=self.answer_seconds)
        request = self._session.post(
            delivery.url, data=delivery.body, headers=delivery.headers, timeout=timeout, allow_redirects=False
        )
        async with request as answer:
            delivery.status_code = answer.status
            delivery.status = "OK" if answer.status < 300 else f"Invalid HTTP Response: {answer.status}"
            delivery.response_headers = dict(answer.headers)
            delivery.response_body = (await answer.content.read(10_000)).decode(errors="replace")


def _headers(app: App, event: str, guid: str, body: bytes) -> dict[str, str]:
    headers = {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": f"GitHub-Hookshot/{hashlib.sha256(app.slug.encode()).hexdigest()[:7]}",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
    }
    if app.webhook_secret:
        key = app.webhook_secret.encode()
        headers["X-Hub-Signature"] = "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest()
        headers["X-Hub-Signature-256"] = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    return headers
