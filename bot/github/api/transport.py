"""Send one request to GitHub until it has a final answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urljoin, urlsplit

import aiohttp
import structlog

from bot import metrics
from bot.github.api.errors import GitHubDown, GitHubError, RateLimited, Response, failure
from bot.github.api.limiter import MAX_WAIT, Clock, RateLimiter
from bot.github.api.pacer import Ticket, Urgency
from bot.github.api.redirects import Addresses
from bot.github.api.retry import BROKEN_WAITS, is_passing, limited_for, server_time

_MAX_TRIES = 6
_MAX_BODY = 32 * 1024 * 1024
REQUEST_SECONDS = 25.0
"""The longest one request lasts. GitHub itself ends requests after ten seconds."""
SILENCE_SECONDS = REQUEST_SECONDS + 5.0
"""How long a process must be silent before another does its work: what it had sent to GitHub has ended by then, and
who looks for its effects sees all of them."""
_TIMEOUT = aiohttp.ClientTimeout(total=REQUEST_SECONDS, sock_connect=10)
# the name of what a mutation does, in a JSON body
_MUTATION = re.compile(rb"\bmutation\b[^{]*\{(?:\s|\\n)*(\w+)")
_REDIRECTS = {301, 302, 307, 308}
log = structlog.get_logger(__name__)


class Elsewhere(GitHubError):
    """An answer at ``target``, maybe signed: no token there, no logs."""

    target = ""


class Credential(Protocol):
    """Something that can sign requests."""

    async def header(self) -> str | None:
        """Return the Authorization header of the next try, None for none."""
        ...

    def accepted(self, response: Response) -> None:
        """Note that a request signed with the latest header was let in."""
        ...

    async def refused(self, response: Response, tries: int) -> float | None:
        """Return the seconds until a refused request may be tried; None: never."""
        ...


class Journal(Protocol):
    """A record of every write, made before it is sent."""

    async def begin(self, method: str, path: str, repository: int | None) -> str:
        """Record a write that is about to be sent; return its id."""
        ...

    async def end(self, row: str, status: int, request: str = "") -> None:
        """Record the answer; ``request`` is GitHub's id of the request."""
        ...


@dataclass(frozen=True)
class RequestOptions:
    """Options of a request."""

    urgency: Urgency = Urgency.FINAL
    notifies: bool = False
    repeatable: bool = True  # sending it twice does no harm
    reads: bool = False  # a POST that only asks
    lent: bool = False  # it lies elsewhere; the answer is an :class:`Elsewhere` with the address


REPEATABLE = RequestOptions()
READING = RequestOptions(reads=True)
ONCE = RequestOptions(repeatable=False)
LENT = RequestOptions(lent=True)


@dataclass(frozen=True)
class Exchange:
    """A try, for metrics: ``status`` 0 is no answer; waiting is not counted."""

    method: str
    path: str
    status: int
    seconds: float


Observer = Callable[[Exchange], None]


class Transport:
    """The one door to a GitHub API, such as ``https://api.github.com``."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        api_url: str,
        *,
        clock: Clock | None = None,
        observe: Observer = lambda _exchange: None,
        journal: Journal | None = None,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self.addresses = Addresses(self.api_url)
        self.clock = clock or Clock()
        self.session = session
        self.observe = observe
        self._journal = journal

    async def send(
        self,
        limiter: RateLimiter,
        credential: Credential,
        options: RequestOptions,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        repository: int | None = None,
    ) -> Response:
        """Send a request until it has a final answer, 2xx or 304.

        Raises a :class:`GitHubError` for every other. ``repository`` is the id of the one that the request is about:
        redirects out of it are not followed.
        """
        url = self.addresses.current(url, repository)
        for attempt in range(1, _MAX_TRIES + 1):
            self._check_host(url)
            writes = method not in {"GET", "HEAD"} and not options.reads
            ticket = Ticket(writes, options.urgency, options.notifies, f"{method} {url}")
            async with limiter.turn(ticket):
                authorization = await credential.header()
                signed = {**headers, **({"authorization": authorization} if authorization else {})}
                if writes and self._journal is not None:
                    outcome = await self._recorded(self._journal, method, url, signed, body, repository)
                else:
                    outcome = await self._once(method, url, signed, body)
            if isinstance(outcome, Response):
                limiter.note(outcome)
                if outcome.status < 300 or outcome.status == 304:
                    credential.accepted(outcome)
                    if not outcome.is_readable:
                        outcome = GitHubDown(f"GitHub's answer to {method} {urlsplit(url).path} was not readable.")
                    elif not (url.endswith("/graphql") and is_passing(outcome)):
                        return outcome
                elif options.lent and outcome.status == 302:
                    raise _elsewhere(outcome, url)
                elif outcome.status in _REDIRECTS:
                    url = self._follow(outcome, method, url, repository)
                    continue
            await self._wait_or_raise(limiter, credential, options, outcome, attempt, method, url)
        raise GitHubDown(f"GitHub gave no usable answer to {method} {urlsplit(url).path} in {_MAX_TRIES} tries.")

    async def download(self, url: str) -> bytes:
        """Get what lies at an address of GitHub's, without token, up to 32 MiB."""
        answer = await self._once("GET", url, {}, b"")
        if isinstance(answer, GitHubDown):
            raise answer
        if answer.status != 200:
            raise GitHubError(f"{urlsplit(url).netloc} answered {answer.status} to a download.", status=answer.status)
        return answer.body

    async def _recorded(
        self, journal: Journal, method: str, url: str, headers: Mapping[str, str], body: bytes, repository: int | None
    ) -> Response | GitHubDown:
        """Send a write once, between two lines in the journal.

        No second line where no answer came: nobody knows then whether it had its effect.
        """
        path = urlsplit(url).path.removeprefix(urlsplit(self.api_url).path)
        if url.endswith("/graphql"):
            mutation = _MUTATION.search(body)
            path = f"/graphql {mutation[1].decode()}" if mutation else "/graphql"
        row = await journal.begin(method, path, repository)
        outcome = await self._once(method, url, headers, body)
        if isinstance(outcome, Response):
            await journal.end(row, outcome.status, outcome.headers.get("x-github-request-id", ""))
        elif outcome.detail("unsent") is True:
            await journal.end(row, 0)
        return outcome

    async def _once(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Response | GitHubDown:
        began = self.clock.steady()
        status = 0
        path = urlsplit(url).path
        try:
            async with self.session.request(
                method, url, headers=headers, data=body, allow_redirects=False, timeout=_TIMEOUT
            ) as answer:
                data = await answer.content.read(_MAX_BODY)
                while len(data) < _MAX_BODY and (more := await answer.content.read(_MAX_BODY - len(data))):
                    data += more
                status = answer.status
                return Response(answer.status, answer.headers, data)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            unsent = isinstance(error, aiohttp.ClientConnectorError)
            # Where it was sought and what the system said are for the log: this message may be posted.
            kind = type(error).__name__
            reason = getattr(error, "strerror", None) or kind
            log.warning("GitHub did not answer", host=urlsplit(url).netloc, method=method, path=path, reason=reason)
            return GitHubDown(f"GitHub did not answer {method} {path} ({kind}).", status=None, unsent=unsent)
        finally:
            self.observe(Exchange(method, path, status, self.clock.steady() - began))

    async def _wait_or_raise(
        self,
        limiter: RateLimiter,
        credential: Credential,
        options: RequestOptions,
        outcome: Response | GitHubDown,
        attempt: int,
        method: str,
        url: str,
    ) -> None:
        """Return once another try makes sense; raise where none does."""
        error = outcome if isinstance(outcome, GitHubDown) else failure(outcome, method, url)
        if isinstance(outcome, Response):
            limit = limited_for(outcome, server_time(outcome) or self.clock.now(), attempt)
            if limit is not None:
                spent = outcome.headers.get("x-ratelimit-remaining") == "0"
                metrics.GITHUB_LIMITED.labels("primary" if spent else "secondary").inc()
                limiter.pause(limit)
                if limit > MAX_WAIT or attempt > 3:
                    raise RateLimited(f"{error.message} It lasts another {limit:.0f} s.", retry_after=limit)
                return
        wait = await self._patience(credential, options, outcome, error, attempt)
        if wait is None:
            raise error
        await self.clock.sleep(wait)

    async def _patience(
        self,
        credential: Credential,
        options: RequestOptions,
        outcome: Response | GitHubDown,
        error: GitHubError,
        attempt: int,
    ) -> float | None:
        if isinstance(error, GitHubDown):
            # An unanswered write may have had its effect: only its caller knows how to look.
            safe = options.repeatable or error.detail("unsent") is True
            return BROKEN_WAITS[attempt - 1] if safe and attempt <= len(BROKEN_WAITS) else None
        if isinstance(outcome, Response) and outcome.status in {401, 403, 404}:
            return await credential.refused(outcome, attempt)
        return None

    def _follow(self, response: Response, method: str, url: str, repository: int | None) -> str:
        target = urljoin(url, response.headers.get("location", ""))
        self._check_host(target)
        if target == url:
            raise failure(response, method, url)
        self.addresses.follow(url, target, repository)
        return target

    def _check_host(self, url: str) -> None:
        # Our token goes along with every request: never to another host than the configured one.
        if urlsplit(url)[:2] != urlsplit(self.api_url)[:2]:
            raise GitHubError(f"GitHub pointed to another host, {urlsplit(url).netloc!r}; it was not followed.")


def _elsewhere(response: Response, url: str) -> Elsewhere:
    target = urljoin(url, response.headers.get("location", ""))
    away = Elsewhere(f"What was asked for lies on {urlsplit(target).netloc}.")
    away.target = target
    return away
