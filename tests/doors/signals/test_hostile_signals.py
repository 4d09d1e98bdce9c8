"""Signed bodies that no sender would send: each is taken, none crashes what reads it or makes incidents of it."""

from __future__ import annotations

from pathlib import Path

import aiohttp

from bot.doors.signals.admin import sign_sample
from tests.doors.signals.test_door import SECRET, add, with_incidents
from tests.e2e.scenes import handled, rows
from tests.signals.mutants import KINDS, mutants
from tests.support.within import within

EACH = 30  # of each sender; the readers alone see a thousand in tests/signals


async def test_no_signed_body_crashes_a_handler(tmp_path: Path) -> None:
    async with within(tmp_path, with_incidents(tmp_path)) as story, aiohttp.ClientSession() as session:
        senders = [await add(story, kind) for kind in KINDS]
        for sender in senders:
            for body in mutants(sender.kind, EACH):
                headers = sign_sample(sender.kind, body, SECRET)
                async with session.post(sender.url, data=body, headers=headers) as answer:
                    assert answer.status == 202, body[:500]
        await handled(story)
        assert (
            rows(story, "select event, error from fh_delivery where event like 'signal.%' and error is not null") == []
        )
        assert rows(story, "select 1 from fh_incident"), "none was handed on"
        (count,) = rows(story, "select count(*) from fh_delivery where event like 'signal.%'")
        assert count[0] > len(KINDS) * EACH * 0.9, "nearly all bodies differ"
