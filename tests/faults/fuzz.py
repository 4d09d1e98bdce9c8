"""Send the bot what nobody should, by every route: ``python -m tests.faults.fuzz --cases 10000``.

Half of it are signed deliveries: GitHub's example payloads, and those of a lively repository, each wrong in one to
three places. The other half are requests to all routes, by somebody who may do everything: paths, queries, headers and
bodies of which nothing is as it should be. Hypothesis draws both. The last line is one JSON object: ``crashed`` are
handlers that ended with anything but a refusal, ``failed`` are answers of 5xx.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.doors.room.application import list_pages
from bot.doors.room.rendering import PREFIX as ROOM
from tests.doors.signals.test_door import add
from tests.doors.test_hostile_payloads import HOSTILE, lively, mutants
from tests.e2e.scenes import SAMPLE, deliver, handled, rows
from tests.support import examples
from tests.support.api import asker
from tests.support.drawing import drawn
from tests.support.room import visitor
from tests.support.story import Story
from tests.support.within import within

_DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.json"
_OTHERS = (
    ("POST", "/webhook"),
    ("POST", "/signals/{source}/{key}"),
    ("POST", "/signals/{source}/{key}/gate"),
    ("GET", "/metrics"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
)
_CRASHED = "select event, error, payload from fh_delivery where error glob '[A-Z]*[a-z]Error: *'"
_AT_A_TIME = 250
_WAITING = 500  # deliveries that may wait: one whose installation is not there is tried again for half a minute
_LONGEST = 1_000  # characters of a place or a value of the query; a longer line than 8,190 is nobody's route
_PLACE = re.compile(r"\{(?:[^{}]|\{[^{}]*\})*\}")  # of a route; what it may be can have braces of its own
_RENEWED = 100  # cases, after which a token or session is a new one: some were told to revoke theirs
_TYPES = ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "")
_KEYS = (
    "repository",
    "number",
    "limit",
    "cursor",
    "since",
    "id",
    "deliver",
    "state",
    "name",
    "value",
    "next",
    "q",
    "environment",
)


@dataclass(frozen=True)
class Case:
    """A request of which nothing is as it should be."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


def routes(source: str) -> list[tuple[str, str]]:
    """List every route: the API's, the control room's, the others, and those of a source of signals that is there."""
    document = json.loads(_DOCUMENT.read_text())
    api = [(method.upper(), path) for path, operations in document["paths"].items() for method in operations]
    pages = [(page.method, f"{ROOM}{page.path}") for page in list_pages()]
    return [*api, *pages, *_OTHERS, ("POST", source), ("POST", f"{source}/gate")]


def draw_cases(known: Sequence[tuple[str, str]], count: int, number: int) -> Iterator[Case]:
    """Draw so many requests to known routes, some at a time: Hypothesis keeps what it drew."""
    for chunk in range(0, count, _AT_A_TIME):
        made: list[Case] = []
        _run(known, min(_AT_A_TIME, count - chunk), number + chunk, made)
        yield from made


def _run(known: Sequence[tuple[str, str]], count: int, number: int, made: list[Case]) -> None:
    @drawn(count, number)
    @given(_cases(known))
    def make(case: Case) -> None:
        made.append(case)

    make()


@st.composite
def _cases(draw: st.DrawFn, known: Sequence[tuple[str, str]]) -> Case:
    method, path = draw(st.sampled_from(known))
    for place in _PLACE.findall(path):
        path = path.replace(place, quote(draw(_TEXTS).encode(errors="replace"), safe="")[:_LONGEST], 1)
    headers = {name: _head(text) for name, text in draw(st.dictionaries(_HEADERS, _TEXTS, max_size=2)).items()}
    headers["Content-Type"] = draw(st.sampled_from(_TYPES))
    return Case(
        draw(st.sampled_from([*[method] * 20, "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"])),
        path,
        draw(st.dictionaries(st.sampled_from(_KEYS), _TEXTS.map(lambda text: text[:_LONGEST]), max_size=3)),
        headers,
        draw(_BODIES),
    )


def _write(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _encode(form: dict[str, str]) -> bytes:
    return "&".join(f"{name}={quote(text.encode(errors='replace'))}" for name, text in form.items()).encode()


def _head(text: str) -> str:
    """Make what a client would send: none sends control characters."""
    return "".join(each for each in text.encode(errors="replace").decode("latin-1") if each.isprintable())[:2000]


_TEXTS: st.SearchStrategy[str] = st.one_of(
    st.sampled_from(["1", "octo", "sample", "octo/sample"]), st.sampled_from(HOSTILE).map(_write), st.text(max_size=40)
)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.sampled_from(HOSTILE), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=8,
)
_BODIES = st.one_of(
    st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=5).map(lambda body: json.dumps(body).encode()),
    _VALUES.map(lambda body: json.dumps(body).encode()),
    st.dictionaries(st.sampled_from(_KEYS), _TEXTS, max_size=4).map(_encode),
    st.binary(max_size=200),
)
_HEADERS = st.sampled_from(["Accept", "Accept-Language", "Idempotency-Key", "If-None-Match", "Last-Event-ID", "Range"])


async def send_deliveries(story: Story, count: int, number: int) -> tuple[Counter[int], list[tuple[Any, ...]]]:
    """Send signed payloads; how they were answered, and which crashed a handler."""
    ours = await lively(story)
    published = [(event, payload) for event, payloads in examples.load().items() for payload in payloads]
    answers: Counter[int] = Counter()
    chunks = (
        mutants([*ours, *published], min(_AT_A_TIME, count - chunk), number + chunk)
        for chunk in range(0, count, _AT_A_TIME)
    )
    for index, (event, body) in enumerate(chain.from_iterable(chunks)):
        answers[await deliver(story, event, body, f"mutant-{index}")] += 1
        if index % _WAITING == 0:
            await handled(story)
    await handled(story)
    return answers, rows(story, _CRASHED)


async def send_requests(story: Story, count: int, number: int) -> tuple[Counter[int], list[tuple[int, str, Case]]]:
    """Send requests to all routes; how they were answered, and which got a 5xx, with its words."""
    answers: Counter[int] = Counter()
    failed = []
    known_routes = routes(urlsplit((await add(story, "alertmanager")).url).path)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        for index, case in enumerate(draw_cases(known_routes, count, number)):
            if index % _RENEWED == 0:
                program = asker(story, story.maintainer, "read", "run", "admin")
                browser = await visitor(story, random.Random(index).choice([story.maintainer, None]))
            known = {"Authorization": f"Bearer {program.token}"}
            if case.path.startswith(ROOM):
                kept = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
                known = {"Cookie": kept, "Origin": browser.origin}
            status, words = await _send(session, story, case, known)
            answers[status] += 1
            if status >= 500 and status != HTTPStatus.NOT_IMPLEMENTED:  # what our document says of an alias
                failed.append((status, words, case))
    return answers, failed


async def _send(session: aiohttp.ClientSession, story: Story, case: Case, known: dict[str, str]) -> tuple[int, str]:
    url = f"http://127.0.0.1:{story.port}{case.path}"
    async with session.request(
        case.method, url, params=case.query, headers={**case.headers, **known}, data=case.body, allow_redirects=False
    ) as answer:
        words = "" if answer.content_type == "text/event-stream" else await answer.read()
        return answer.status, str(words[:300])


async def fuzz(root: Path, cases: int, number: int) -> dict[str, Any]:
    """Send as many cases, and tell what came of them."""
    plenty = {"api_requests_a_minute": 10**6, "refused_requests_a_minute": 10**6}
    async with within(root, SAMPLE, **plenty) as story:
        delivered, crashed = await send_deliveries(story, cases // 2, number)
        answered, failed = await send_requests(story, cases - cases // 2, number)
    for event, error, payload in crashed:
        print(f"crashed on {event}: {error[:500]}\n  {str(payload)[:2000]}")
    for status, words, case in failed:
        print(f"{status} {words} to {case}"[:2000])
    told = {"deliveries": delivered.total(), "requests": answered.total(), "crashed": len(crashed)}
    fives = len(failed) + sum(count for status, count in delivered.items() if status >= 500)
    return {
        **told,
        "failed": fives,
        "answers": {str(key): (delivered + answered)[key] for key in sorted(delivered + answered)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        told = asyncio.run(fuzz(Path(folder), options.cases, options.seed))
    print(json.dumps(told))
    sys.exit(bool(told["crashed"] or told["failed"]))


if __name__ == "__main__":
    main()
