"""Deliveries that the endpoint accepts, refuses and stores."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from multidict import CIMultiDict

from bot.doors.webhook.router import Event, Router
from bot.doors.webhook.signature import InvalidDelivery, verify
from bot.store.tables import delivery
from tests.support import examples
from tests.support.door import SECRET, Door, Handled, list_open, open_door, sign


def everything() -> Router[Handled]:
    """A router that sees each event and action the examples hold."""
    router: Router[Handled] = Router()

    async def see(event: Event, handled: Handled) -> None:
        event.repository(), event.sender(), event.installation, event.number
        await handled.see(event)

    for name in examples.load().keys() | {"ping"}:
        router.on(name)(see)
    return router


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path, everything(), secrets=["older secret", SECRET]) as door:
        yield door


def test_signature_of_githubs_own_documentation() -> None:
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    verify(b"Hello, World!", digest, ["another", SECRET])
    with pytest.raises(InvalidDelivery):
        verify(b"Hello, World!\n", digest, [SECRET])
    with pytest.raises(InvalidDelivery):
        verify(b"Hello, World!", hmac.new(b"", b"Hello, World!", hashlib.sha256).hexdigest(), [""])


@pytest.mark.needs("example payloads")
async def test_every_example_payload_is_accepted_and_breaks_nothing(door: Door) -> None:
    guids = []
    for event, payloads in examples.load().items():
        for payload in payloads:
            guids.append(str(uuid.uuid4()))
            assert (await door.deliver(event, payload, guid=guids[-1]))[0] == 202
    for guid in guids:
        assert (await door.ended(guid))["error"] is None
    assert sorted(event.guid for event in door.handled.events) == sorted(guids)


async def test_stored_before_the_answer(door: Door) -> None:
    body = json.dumps({"zen": "Tämä on koe"}).encode()
    assert await door.deliver("ping", body, guid="g-1") == (202, "Stored.")
    assert (await door.row("g-1"))["payload"] == body
    assert (await door.deliver("nobody_listens", {}, guid="g-2"))[0] == 202
    assert (await door.ended("g-2"))["error"] is None


async def test_either_secret_is_good_and_no_other(door: Door) -> None:
    assert (await door.deliver("ping", {}, secret="older secret"))[0] == 202
    status, words = await door.deliver("ping", {}, secret="wrong")
    assert status == 401
    assert "secret" in words


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"X-Hub-Signature-256": ""}, 401, "X-Hub-Signature-256"),
        ({"X-Hub-Signature-256": "", "X-Hub-Signature": "sha1=" + "0" * 40}, 401, "SHA-1"),
        ({"X-Hub-Signature-256": "sha256=ünïcode"}, 401, "malformed"),
        ({"X-Hub-Signature-256": "sha256=" + "0" * 64}, 401, "does not match"),
        ({"X-GitHub-Event": ""}, 400, "X-GitHub-Event"),
        ({"X-GitHub-Event": "pïng"}, 400, "X-GitHub-Event"),
        ({"X-GitHub-Delivery": ""}, 400, "X-GitHub-Delivery"),
        ({"X-GitHub-Delivery": "é"}, 400, "X-GitHub-Delivery"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415, "application/json"),
        ({"Content-Type": ""}, 415, "application/json"),
    ],
)
async def test_headers_refused_in_words(door: Door, headers: dict[str, str], status: int, words: str) -> None:
    answer = await door.deliver("ping", {}, **headers)
    assert answer[0] == status
    assert words in answer[1]
    assert await door.store.run(list_open) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 50_000, b"9" * 5_000])
async def test_signed_nonsense_is_400(door: Door, body: bytes) -> None:
    assert (await door.deliver("ping", body))[0] == 400


async def test_large_bodies_are_bounded_and_block_nobody(door: Door) -> None:
    largest = b'{"x": "' + b"y" * (25 * 1024 * 1024 - 9) + b'"}'
    assert len(largest) == 25 * 1024 * 1024
    slowest = 0.0
    sending = asyncio.gather(*(door.deliver("ping", largest, guid=f"large-{n}") for n in range(3)))
    while not sending.done():
        turn = time.thread_time()  # what the loop computed: how busy the machine is does not count
        async with door.session.get(door.url + "/healthz") as answer:
            assert answer.status == 200
        slowest = max(slowest, time.thread_time() - turn)
        await asyncio.sleep(0.01)
    assert [status for status, _ in await sending] == [202] * 3
    assert len((await door.row("large-0"))["payload"]) == len(largest)
    assert slowest < 1.0, "the loop did not answer while large bodies were read"
    status, words = await door.deliver("ping", largest + b" ")
    assert status == 413
    assert "larger" in words


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "gzip, identity", "x-unknown"])
async def test_packed_bodies_are_refused_before_they_are_unpacked(door: Door, encoding: str) -> None:
    """Send honest and false ones, small and large, signed over either form."""
    large = b'{"x": "' + b"y" * (30 * 1024 * 1024) + b'"}'
    for body, signed in ((gzip.compress(b"{}"), b"{}"), (b"{}", b"{}"), (gzip.compress(large), large)):
        for signature in (sign(signed), sign(body)):
            headers = {"X-Hub-Signature-256": signature, "Content-Encoding": encoding}
            status, words = await door.deliver("ping", body, **headers)
            assert (status, "Content-Encoding" in words) == (415, True), body[:20]
    assert await door.store.run(list_open) == []
    assert (await door.deliver("ping", {}, guid="plain", **{"Content-Encoding": "identity"}))[0] == 202


async def test_a_second_header_hides_no_packed_body(door: Door) -> None:
    body = gzip.compress(b"{}")
    for encodings in (("identity", "gzip"), ("gzip", "identity")):
        headers = CIMultiDict({"X-Hub-Signature-256": sign(b"{}"), "Content-Type": "application/json"})
        headers.extend(("Content-Encoding", encoding) for encoding in encodings)
        headers.update({"X-GitHub-Event": "ping", "X-GitHub-Delivery": "twice"})
        async with door.session.post(f"{door.url}/webhook", data=body, headers=headers) as answer:
            assert answer.status == 415, encodings


async def test_chunked_body_is_bounded_too(door: Door) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(27):
            yield b" " * 1024 * 1024

    headers = {"Content-Type": "application/json", "X-GitHub-Event": "ping", "X-GitHub-Delivery": "g"}
    headers["X-Hub-Signature-256"] = sign(b"")
    async with door.session.post(door.url + "/webhook", data=endless(), headers=headers) as answer:
        assert answer.status == 413


async def test_copies_of_one_guid_are_handled_once(door: Door) -> None:
    answers = await asyncio.gather(*(door.deliver("ping", {}, guid="same") for _ in range(20)))
    assert {status for status, _ in answers} == {202}
    await door.ended("same")
    assert await door.deliver("ping", {}, guid="same") == (202, "Stored before; not done again.")
    await asyncio.sleep(0.05)
    assert len(door.handled.events) == 1


async def test_database_gone_means_503_and_no_acknowledgement(door: Door) -> None:
    await door.store.run(lambda connection: connection.execute(sa.text(f"alter table {delivery.name} rename to away")))
    assert (await door.deliver("ping", {}, guid="lost"))[0] == 503
    await door.store.run(lambda connection: connection.execute(sa.text(f"alter table away rename to {delivery.name}")))
    assert (await door.deliver("ping", {}, guid="lost"))[0] == 202
    await door.ended("lost")
