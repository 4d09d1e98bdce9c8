"""Every delivery is worked on once: what came twice, what failed, what came while nobody listened, and all the rest."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest

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
    """Return whether a delivery has ended, and with what error."""
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
    (said,) = (await story.comments(failed))["answer"]
    assert said.startswith("I couldn't start: GitHub API requests failed")
    assert guid in said
    assert (purchases(story), await story.comments(missed), rows(story, "select id from fh_task")) == before

    await redeliver(story, "labeled")
    await story.until_status(failed, "Done.")
    assert delivered(story, guid) == (True, None)
    assert len(await story.pulls()) == 2
    assert len(rows(story, "select id from fh_task")) == 2
    assert len(story.script.requests) == len(purchases(story))


def as_ours(payload: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """The payload as though it came from our repository, so that handlers get as far as they can."""
    if "repository" not in payload:
        return payload
    return {**payload, "repository": ours["repository"], "installation": ours["installation"]}


@pytest.mark.needs("example payloads")
async def test_every_event_github_can_send_is_taken_and_none_trips_a_handler(tell: Tell) -> None:
    story = await tell([])
    await story.file(TITLE, BODY, label=None)
    await story.hub.settled()
    ours = json.loads(sent(story, "issues", "opened")[-1].body)
    known = [(event, payload) for event, payloads in examples.load().items() for payload in payloads]
    posted = [(event, each) for event, payload in known for each in (payload, as_ours(payload, ours))]
    answers = await asyncio.gather(
        *(
            deliver(story, event, json.dumps(payload).encode(), f"example-{number}")
            for number, (event, payload) in enumerate(posted)
        )
    )
    assert len(answers) == 2 * 329
    assert set(answers) <= {202}

    def tried() -> bool:
        left = rows(story, "select guid from fh_delivery where done is null")
        return all(f'"delivery": "{guid}"' in story.log for (guid,) in left)

    await story.until(tried, what="every delivery was handled once")
    assert BUG.findall(story.log) == []
    assert await story.is_ready()
    assert len(rows(story, "select guid from fh_delivery where guid like 'example-%'")) == len(answers)
    assert rows(story, "select id from fh_task") == []
