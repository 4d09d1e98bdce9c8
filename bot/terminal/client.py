"""Talk to a server's REST API."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import aiohttp
from pydantic import ValidationError

from bot.doors.api.problems import ProblemDetails
from bot.doors.api.tasks import TaskPage
from bot.doors.api.views import PREFIX, TaskReport, TaskView
from bot.settings import LOOPBACK, is_secure
from bot.terminal.exits import Refused, Unreachable, WrongUse
from bot.types import T

_TIMES = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60)  # a stream says every 15 s that it is alive
_BUSY_SECONDS = 60.0  # wait for a server that is busy
_AWAY_SECONDS = 120.0  # and for one that goes away while a task of ours runs
_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_FULL_PAGE = 100
_WRONG = frozenset({400, 413, 415})


class Event(NamedTuple):
    """Something that happened to a task.

    ``kind`` is ``queued``, ``started``, ``stage``, ``retry``, ``cancel_requested`` or ``ended``; ``data`` has more.
    """

    id: int
    kind: str
    data: Mapping[str, Any]


@asynccontextmanager
async def open_client(url: str, token: str) -> AsyncIterator[Client]:
    """Provide a client.

    The token is sent over TLS or to this machine only. Raises :class:`WrongUse` for an invalid address or token.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise WrongUse(f"{url} is not a server's address; it looks like https://forgehand.example.com")
    if not is_secure(url):
        raise WrongUse(f"{url} would send the token unencrypted. Use https.")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise WrongUse("The token holds characters that no token has. `forgehand tokens add` prints one, `fhp_...`.")
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(
        headers=headers, timeout=_TIMES, trust_env=parts.hostname not in LOOPBACK
    ) as session:
        yield Client(url.rstrip("/"), session)


@dataclass
class Client:
    """A server, as the owner of a token sees it."""

    url: str
    session: aiohttp.ClientSession = field(repr=False)

    async def start(self, task: str, body: Mapping[str, Any], key: str) -> TaskView:
        """Ask for a task; ``key`` is new for each that is wanted."""
        return await self._ask(TaskView.model_validate_json, "POST", f"/tasks/{task}", json=body, headers=_headers(key))

    async def retry(self, task_id: str, key: str) -> TaskView:
        """Start a task once more."""
        return await self._ask(TaskView.model_validate_json, "POST", f"/tasks/{task_id}/retry", headers=_headers(key))

    async def cancel(self, task_id: str) -> TaskView:
        """Stop a task."""
        return await self._ask(TaskView.model_validate_json, "POST", f"/tasks/{task_id}/cancel")

    async def answer(self, task_id: str, answer: str, key: str) -> TaskView:
        """Let a waiting task go on (``approve``) or wait no longer (``decline``)."""
        path = f"/tasks/{task_id}/approval"
        return await self._ask(
            TaskView.model_validate_json, "POST", path, json={"answer": answer}, headers=_headers(key)
        )

    async def read(self, task_id: str) -> TaskView:
        """Return a task as it stands."""
        return await self._ask(TaskView.model_validate_json, "GET", f"/tasks/{task_id}")

    async def read_result(self, task_id: str) -> TaskReport:
        """Return the result of a task that has ended."""
        return await self._ask(
            TaskReport.model_validate_json, "GET", f"/tasks/{task_id}/result", patience=_AWAY_SECONDS
        )

    async def read_patch(self, report: TaskReport) -> str:
        """Return the patch that a task ended in, "" where it ended otherwise."""
        name = next((each.name for each in report.artifacts if each.kind == report.form == "patch"), None)
        return "" if name is None else await self._ask(str, "GET", f"/tasks/{report.id}/artifacts/{name}")

    async def list(self, wanted: Mapping[str, str], limit: int) -> list[TaskView]:
        """List tasks, newest first: as many pages as ``limit`` needs."""
        found: list[TaskView] = []
        query = dict(wanted)
        while True:
            query["limit"] = str(min(limit - len(found), _FULL_PAGE))
            page = await self._ask(TaskPage.model_validate_json, "GET", "/tasks", params=query)
            found += page.items
            if page.next is None or len(found) >= limit:
                return found
            query["cursor"] = page.next

    async def follow(self, task_id: str) -> AsyncIterator[Event]:
        """Yield a task's events until it has ended.

        A stream that breaks is opened again behind its last event. Raises :class:`Unreachable` where the server stays
        away.
        """
        after = 0
        heard = time.monotonic()
        pause = _PAUSE
        while True:
            try:
                async for event in self._stream(task_id, after):
                    after = event.id
                    heard = time.monotonic()
                    pause = _PAUSE
                    yield event
                if (await self.read(task_id)).ended:
                    return
                heard = time.monotonic()
            except Unreachable:
                if time.monotonic() - heard > _AWAY_SECONDS:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _stream(self, task_id: str, after: int) -> AsyncIterator[Event]:
        path = f"{self.url}{PREFIX}/tasks/{task_id}/events"
        with _explained(self.url):
            async with self.session.get(path, headers={"Last-Event-ID": str(after)}, allow_redirects=False) as answer:
                if answer.status == 200:
                    async for event in _read_events(answer.content):
                        yield event
                elif answer.status != 204:
                    raise _refusal(self.url, answer, await answer.text())

    async def _ask(self, read: Callable[[str], T], method: str, path: str, *, patience: float = 0.0, **given: Any) -> T:
        """Make a request and return its answer.

        Every request may be made twice. A server that is busy is asked again when it says so, one that is away
        for ``patience`` seconds.
        """
        begun = time.monotonic()
        while True:
            try:
                return await self._ask_once(read, method, path, **given)
            except Unreachable as error:
                busy = error.detail("retry_after")
                pause = _PAUSE if busy is None else float(busy)
                if time.monotonic() - begun + pause > (patience if busy is None else _BUSY_SECONDS):
                    raise
            await asyncio.sleep(pause)

    async def _ask_once(self, read: Callable[[str], T], method: str, path: str, **given: Any) -> T:
        with _explained(self.url):
            async with self.session.request(
                method, f"{self.url}{PREFIX}{path}", allow_redirects=False, **given
            ) as answer:
                text = await answer.text(errors="replace")
                if answer.status not in {200, 202}:
                    raise _refusal(self.url, answer, text)
            return read(text)


def _headers(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key, "Forgehand-Door": "terminal"}


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn what goes wrong on the way into :class:`Unreachable`."""
    try:
        yield
    except TimeoutError:
        raise Unreachable(f"{url} does not answer in time.") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"{url} cannot be reached: {error}") from None
    except ValueError:
        raise Unreachable(f"{url} answered what this version cannot read. Is it a Forgehand?") from None


def _refusal(url: str, answer: aiohttp.ClientResponse, text: str) -> WrongUse | Refused | Unreachable:
    """Return the error that an unsuccessful answer means."""
    if 300 <= answer.status < 400:
        return WrongUse(f"{url} sends elsewhere ({answer.headers.get('Location', 'nowhere')}). Give that address.")
    try:
        said = ProblemDetails.model_validate_json(text).detail
    except ValidationError:
        return Unreachable(f"{url} answered with {answer.status} and without a reason. Is it a Forgehand?")
    if answer.status in _WRONG:
        return WrongUse(said)
    if answer.status == 429 or answer.status == 503:
        seconds = answer.headers.get("Retry-After", "")
        return Unreachable(said, retry_after=int(seconds) if seconds.isdecimal() else None)
    return Unreachable(said) if answer.status >= 500 and answer.status != 501 else Refused(said)


async def _read_events(content: aiohttp.StreamReader) -> AsyncIterator[Event]:
    """Read server-sent events; comments among them are dropped."""
    held = b""
    async for chunk in content.iter_any():
        *blocks, held = (held + chunk).split(b"\n\n")
        for block in blocks:
            lines = (line.partition(": ") for line in block.decode("utf-8", "replace").split("\n"))
            fields = {name: value for name, _, value in lines}
            if "data" in fields:
                yield Event(int(fields.get("id", "0")), fields.get("event", ""), json.loads(fields["data"]))
