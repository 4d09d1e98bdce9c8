"""Read the App itself, its installations, and the log of its webhook deliveries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from pydantic import Field

from bot.github.api.client import Client
from bot.github.api.errors import NotFound
from bot.github.api.transport import REPEATABLE
from bot.types import Actor, JsonModel


class App(JsonModel):
    """The App as GitHub knows it, and what it asks of new installations."""

    id: int
    slug: str
    name: str
    owner: Actor | None = None
    html_url: str = ""
    permissions: dict[str, str] = Field(default_factory=dict)
    events: tuple[str, ...] = ()


class Installation(JsonModel):
    """An account that installed the App, with what its owner accepted."""

    id: int
    account: Actor | None = None
    permissions: dict[str, str] = Field(default_factory=dict)
    events: tuple[str, ...] = ()
    repository_selection: str = "all"
    suspended_at: datetime | None = None

    @property
    def suspended(self) -> bool:
        return self.suspended_at is not None


class Delivery(JsonModel):
    """An entry of the delivery log; ``status`` is ``OK`` for our success."""

    id: int
    guid: str
    event: str
    delivered_at: datetime
    action: str | None = None
    redelivery: bool = False
    status: str = ""
    status_code: int = 0

    @property
    def ok(self) -> bool:
        return 200 <= self.status_code < 300


class DeliveredPayload(JsonModel):
    """A delivery with what was sent: headers as sent, payload as parsed JSON."""

    id: int
    guid: str
    event: str
    headers: dict[str, str]
    payload: dict[str, Any]


class HookConfig(JsonModel):
    """The address and format of webhooks; ``secret`` is masked, or None."""

    url: str = ""
    content_type: str = "form"
    secret: str | None = None


async def read_app(client: Client) -> App:
    return App.model_validate(await client.get("/app"))


async def list_installations(client: Client) -> list[Installation]:
    found = client.items("/app/installations?per_page=100")
    return [Installation.model_validate(item) async for item in found]


async def read_installation(client: Client, installation: int) -> Installation | None:
    """Return one of the App's own installations, None where it has no such."""
    try:
        return Installation.model_validate(await client.get("/app/installations/{id}", {"id": installation}))
    except NotFound:
        return None


async def find_installation(client: Client, owner: str, name: str) -> Installation | None:
    """Find the installation that reaches a repository; None if suspended."""
    return await _find_installation(client, "/repos/{owner}/{repo}/installation", owner=owner, repo=name)


async def find_account_installation(client: Client, login: str) -> Installation | None:
    """Find the installation of an account; None if suspended."""
    return await _find_installation(client, "/users/{login}/installation", login=login)


async def _find_installation(client: Client, url: str, **names: str) -> Installation | None:
    try:
        data = await client.get(url, names)
    except NotFound:
        return None
    installation = Installation.model_validate(data)
    return None if installation.suspended else installation


async def deliveries(client: Client) -> AsyncIterator[Delivery]:
    """Iterate over the delivery log, newest first.

    GitHub keeps 3 days, Enterprise Server 7:
    https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries
    """
    async for item in client.items("/app/hook/deliveries?per_page=100"):
        yield Delivery.model_validate(item)


async def read_delivery(client: Client, delivery_id: int) -> DeliveredPayload:
    """Return one delivery with its payload."""
    data = await client.get("/app/hook/deliveries/{id}", {"id": delivery_id})
    request = data.get("request") or {}
    return DeliveredPayload.model_validate(
        {**data, "headers": request.get("headers") or {}, "payload": request.get("payload") or {}}
    )


async def redeliver(client: Client, delivery_id: int) -> None:
    """Ask GitHub to send it again, under the same GUID."""
    await client.post("/app/hook/deliveries/{id}/attempts", {"id": delivery_id}, options=REPEATABLE)


async def read_hook(client: Client) -> HookConfig:
    return HookConfig.model_validate(await client.get("/app/hook/config"))


async def set_hook_secret(client: Client, secret: str) -> None:
    """Have deliveries signed with a secret from now on."""
    await client.patch("/app/hook/config", None, {"secret": secret, "content_type": "json"})
