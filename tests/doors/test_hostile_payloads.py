"""Signed payloads that GitHub would never send: each is handled, ignored or refused, and none crashes a handler."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import deliver, handled, rows
from tests.support import examples
from tests.support.drawing import drawn
from tests.support.pulls import propose
from tests.support.story import Story
from tests.support.typing import comment, review
from tests.support.within import within

HOSTILE: tuple[Any, ...] = (
    None, True, 0, -1, 2**31, 2**63, 2**64, 10**400, 0.5, 1e308, "", " ", "0", "\x00", "a\x00b", "../..", "a/b",
    "%2e%2e", "\u202e", "x" * 70_000, [], [None], {}, {"id": 1}, [[[]]],
)  # fmt: skip


def places(value: Any, deepest: float = math.inf, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a payload that is no deeper."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        if len(path) + 1 < deepest:
            yield from places(one, deepest, (*path, key))


def mutate(payload: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The payload with another value in one place."""
    key, *deeper = path
    mutant = copy.copy(payload)
    mutant[key] = mutate(payload[key], tuple(deeper), value) if deeper else value
    return mutant


def mutants(payloads: list[tuple[str, dict[str, Any]]], count: int, number: int) -> list[tuple[str, bytes]]:
    """As many payloads, each wrong in one to three places; the same ones for each ``number``."""
    made: list[tuple[str, bytes]] = []

    @drawn(count, number)
    @given(st.data())
    def make(data: st.DataObject) -> None:
        event, payload = data.draw(st.sampled_from(payloads))
        for _ in range(data.draw(st.integers(1, 3))):
            # The outer places are what handlers read first.
            found = list(places(payload, data.draw(st.integers(1, 4))))
            payload = mutate(payload, data.draw(st.sampled_from(found)), data.draw(st.sampled_from(HOSTILE)))
        made.append((event, json.dumps(payload).encode()))

    make()
    return made


def without_objects(payload: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The payload with a number in the place of each object or list on its two outer levels."""
    for path in places(payload, 2):
        value: Any = payload
        for key in path:
            value = value[key]
        if isinstance(value, dict | list):
            yield mutate(payload, path, 1)


async def lively(story: Story) -> list[tuple[str, dict[str, Any]]]:
    """What GitHub sends of a repository where much happens that we listen to: one of each event and action."""
    number = await story.file("Prices", "They are wrong.")
    change = await propose(story, {"notes.txt": "Notes.\n"})
    await comment(story, number, "/status")
    await comment(story, change, "/help")
    await review(story, change, "/revise shorter")
    await story.request("PATCH", f"/pulls/{change}", {"state": "closed"})
    await handled(story)
    found = {(item.event, item.action): json.loads(item.body) for item in story.hub.webhooks.log}
    return [(event, payload) for (event, _), payload in found.items()]


async def test_no_signed_payload_crashes_a_handler(tmp_path: Path) -> None:
    async with within(tmp_path, SAMPLE) as story:
        ours = await lively(story)
        published = [(event, payload) for event, payloads in examples.load().items() for payload in payloads]
        sent = [(event, json.dumps(one).encode()) for event, payload in ours for one in without_objects(payload)]
        for number, (event, body) in enumerate([*sent, *mutants([*ours, *published], 200, 0)]):
            assert await deliver(story, event, body, f"mutant-{number}") in (202, 400), body[:500]
        await handled(story)
        crashed = "select event, error, payload from fh_delivery where error glob '[A-Z]*[a-z]Error: *'"
        assert rows(story, crashed) == []
