"""The load: deliveries signed beforehand, sent over a fixed number of kept-alive loopback connections."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Round:
    """Measurements of one round.

    Times in seconds, from the first byte sent to the last byte of the answer.
    """

    seconds: float
    answers: tuple[float, ...]
    refused: int

    @property
    def per_second(self) -> float:
        return (len(self.answers) - self.refused) / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.answers)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def pull_request_payload(action: str, repository_id: int = 1, installation: int = 4) -> bytes:
    """Make a ``pull_request`` event of the usual 23 KB; handlers need ids that GitHub knows."""

    def entity(name: str, keys: int) -> dict[str, Any]:
        home = f"https://api.github.com/repos/octo/sample/{name}"
        urls = {f"{name}_{number}_url": f"{home}/{number}{{/sha}}" for number in range(keys)}
        return {"id": 1, "node_id": "R_kgDOx", "private": False, "description": None, "fork": True} | urls

    repository = entity("repository", 60) | {"id": repository_id, "name": "sample", "owner": {"login": "octo", "id": 2}}
    sides = {side: {"ref": "topic", "sha": "c" * 40, "repo": repository} for side in ("head", "base")}
    pull = entity("pull", 40) | sides | {"number": 7, "title": "A change", "body": "Why it is good.\r\n" * 20}
    sender = {"login": "mara", "id": 3, "type": "User"}
    payload = {"action": action, "number": 7, "pull_request": pull, "repository": repository, "sender": sender}
    return json.dumps(payload | {"installation": {"id": installation}}).encode()


def signed(path: str, host: str, secret: str, body: bytes, count: int) -> list[bytes]:
    """``count`` whole requests, each with a GUID of its own."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: GitHub-Hookshot/bench\r\n"
        "Content-Type: application/json\r\n"
        f"X-GitHub-Event: pull_request\r\nX-Hub-Signature-256: sha256={digest}\r\nContent-Length: {len(body)}\r\n"
    )
    return [f"{head}X-GitHub-Delivery: {uuid.uuid4()}\r\n\r\n".encode() + body for _ in range(count)]


async def send_all(port: int, requests: Sequence[bytes], connections: int, per_second: float = 0.0) -> Round:
    """Send every request once, each connection one after another.

    At a pace of so many a second, an answer's time counts from when its request was due: one that waits for a free
    connection is late. Without one (0), each connection sends as soon as it has its answer.
    """
    waiting, answers, refused = iter(enumerate(requests)), list[float](), list[int]()
    started = time.perf_counter()

    async def due(number: int) -> float:
        if not per_second:
            return time.perf_counter()
        moment = started + number / per_second
        await asyncio.sleep(moment - time.perf_counter())
        return moment

    await asyncio.gather(*(_connection(port, waiting, due, answers, refused) for _ in range(connections)))
    return Round(time.perf_counter() - started, tuple(answers), len(refused))


async def _connection(
    port: int,
    waiting: Iterator[tuple[int, bytes]],
    due: Callable[[int], Awaitable[float]],
    answers: list[float],
    refused: list[int],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, request in waiting:
        started = await due(number)
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        await reader.readexactly(int(length.group(1)) if length else 0)
        answers.append(time.perf_counter() - started)
        status = int(head[9:12])
        if not 200 <= status < 300:
            refused.append(status)
    writer.close()
