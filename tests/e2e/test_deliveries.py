"""Every delivery is worked on once: what came twice, what failed, what came while nobody listened, and all the rest."""

from __future__ import annotations

import asyncio
import json
import re
from itertools import chain

import aiohttp

from simhub.faults import Fault
from tests.e2e.answers import BODY, GOOD, TITLE
from tests.e2e.conftest import Tell
from tests.e2e.scenes import about, deliver, purchases, rows, sent
from tests.support import examples
from tests.support.story import Story

SECOND = "Prices lose their cents"
BUG = re.compile(
    r"\b(TypeError|KeyError|AttributeError|ValueError|IndexError|LookupError|AssertionError|RecursionError|"
    r"UnboundLocalError|NameError|ValidationError|IntegrityError|StatementError)\b"
)


async def redeliver(story: Story, action: str) -> None:
    """Press GitHub's button: the newest delivery of an issue's action once more."""
    again = story.hub.webhooks.redeliver(sent(story, "issues", action)[-1])
    await story.hub.settled()
    assert again.status_code == 202


def delivered(story: Story, guid: str) -> tuple[bool, str | None]:
    """Whether a delivery has ended, and with what error."""
    found = rows(story, "select done is not null, error from fh_delivery where guid = ?", guid)
    return (bool(found[0][0]), found[0][1]) if found else (False, None)


async def test_missed_and_failed_deliveries_are_made_good_and_done_ones_are_not_repeated(tell: Tell) -> None:
    story = await tell([*about(TITLE, GOOD), *about(SECOND, GOOD)])
    await story.kill_bot()
    missed = await story.file(TITLE, BODY)
    await story.hub.settled()
    assert sent(story, "issues", "labeled")[-1].status_code == 502
    await story.start_bot()
    await story.until_status(missed, "Done.")
    assert len(await story.pulls()) == 1
    assert sent(story, "issues", "labeled")[-1].redelivery

    before = (purchases(story), await story.comments(missed), rows(story, "select id from fh_task"))
    await redeliver(story, "labeled")

    story.hub.faults.add(Fault(path="*/collaborators/*/permission", status=403, body={"message": "Forbidden"}))
    failed = await story.file(SECOND, BODY)
    guid = sent(story, "issues", "labeled")[-1].guid
    await story.until(lambda: delivered(story, guid)[0], what="the delivery has failed")
    assert "Forbidden" in str(delivered(story, guid)[1])
    assert await story.comments(failed) == {}
    assert (purchases(story), await story.comments(missed), rows(story, "select id from fh_task")) == before

    await redeliver(story, "labeled")
    await story.until_status(failed, "Done.")
    assert delivered(story, guid) == (True, None)
    assert len(await story.pulls()) == 2
    assert len(rows(story, "select id from fh_task")) == 2
    assert len(story.script.requests) == len(purchases(story))


async def test_every_event_github_can_send_is_taken_and_none_trips_a_handler(tell: Tell) -> None:
    known = examples.load()
    story = await tell([])
    guids = {
        f"example-{number}": event for number, event in enumerate(chain(*([name] * len(known[name]) for name in known)))
    }
    payloads = [json.dumps(payload).encode() for payload in chain.from_iterable(known.values())]
    answers = await asyncio.gather(
        *(deliver(story, event, payload, guid) for (guid, event), payload in zip(guids.items(), payloads, strict=True))
    )
    assert len(answers) == (329 if known else 0)
    assert set(answers) <= {202}

    def tried() -> bool:
        left = rows(story, "select guid from fh_delivery where done is null")
        return all(f'"delivery": "{guid}"' in story.log for (guid,) in left)

    await story.until(tried, what="every delivery was handled once")
    log = story.log
    assert BUG.findall(log) == []
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{story.port}/readyz") as answer,
    ):
        assert answer.status == 200
    assert len(rows(story, "select guid from fh_delivery where guid like 'example-%'")) == len(answers)
    assert rows(story, "select id from fh_task") == []
