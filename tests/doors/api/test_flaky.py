"""Reading flaky tests over the API and in the room: what CI, experiments and the list say, in pages, and who may."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.quarantine.entries import PATH, Entry, write_entries
from bot.store import test_outcomes
from bot.store.database import now_ms
from bot.store.test_outcomes import Examined, StoredReport
from tests.e2e.scenes import put
from tests.support.api import asker, opened
from tests.support.room import visitor
from tests.support.story import Story

NAMES = (
    "tests.test_a.test_red",
    "tests/test_b.py::test_chance[<b>]",
    "tests.test_c.test_twice",
    "tests.test_d.test_once",
)
TASK = "0123456789ab"


def keep(connection: sa.Connection, repository: int) -> None:
    """Seven reports of three trees, and what an examination showed."""
    red, chance, twice, once = NAMES
    failed = ({red, chance}, {red}, {red, chance}, {red, twice}, {red, twice}, {red, once}, {red})
    for number, names in enumerate(failed):
        at = now_ms() - (10 - number) * 3_600_000
        report = StoredReport(
            source=f"artifact:{number}", variant="junit", place="branch", sha=str(number), tree=str(number // 2), at=at,
            tests=50,
        )  # fmt: skip
        test_outcomes.add_report(connection, repository, report, names, set(NAMES) - names)
    data = {"reason": "It fails behind another.", "others": ["tests/test_a.py::test_z"], "commands": [], "task": TASK}
    row = Examined(test="tests.test_e.test_order", kind="victim", data=data, at=now_ms())
    test_outcomes.note_examined(connection, repository, row)
    test_outcomes.note_examined(connection, repository, row.model_copy(update={"test": "x", "kind": "not shown"}))


async def test_what_is_known_of_tests_is_read_in_pages_by_whoever_reads_the_repository(story: Story) -> None:
    program, mara = asker(story, story.maintainer), await visitor(story, story.maintainer)
    address, page = "/api/v1/flaky-tests?repository=octo/sample", "/room/flaky?repository=octo/sample"
    assert (await program.get(address)).data == {"items": [], "reports": 0, "since": None, "problem": "", "next": None}
    assert "No report of CI is known." in (await mara.get("/room/flaky")).text, "the only repository is shown"
    today = datetime.now(UTC).date()
    entries = [
        Entry(test=test, reason="chance", issue=issue, owner="@mara", since=since, expires=since + timedelta(days=9))
        for test, issue, since in (
            ("tests/test_b.py::test_chance", "#7", today),
            ("tests/test_f.py::test_old", "later", today - timedelta(days=12)),
        )
    ]
    await put(story, PATH, write_entries(entries))
    with opened(story) as store:
        store.run_sync(keep, story.repository.id)
    first = (await program.get(f"{address}&limit=3")).data
    rest = (await program.get(f"{address}&limit=3&cursor={first['next']}")).data
    assert (rest["next"], first["reports"], first["problem"]) == (None, 7, "")
    told = {one["test"]: one for one in [*first["items"], *rest["items"]]}
    assert list(told) == [*NAMES[:3], "tests.test_e.test_order", "tests/test_f.py::test_old"], (
        "no test that failed once"
    )
    shown = {name: [each["state"] for one in row["history"] for each in one["verdicts"]] for name, row in told.items()}
    assert shown == {name: [] for name in told} | {NAMES[0]: ["broken"], NAMES[1]: ["flaky"]}
    chance, order, old = told[NAMES[1]], told["tests.test_e.test_order"], told["tests/test_f.py::test_old"]
    assert (chance["history"][0]["failed"], chance["history"][0]["runs"]) == (2, 7)
    assert chance["quarantine"]["issue_url"].endswith("/octo/sample/issues/7")
    assert (order["examined"]["kind"], order["examined"]["task"], order["quarantine"]) == ("victim", TASK, None)
    assert (old["quarantine"]["live"], old["quarantine"]["issue_url"]) == (False, None)
    text = (await mara.get(f"{page}&limit=3")).text
    assert "test_chance[&lt;b&gt;]" in text
    more = re.search(r'rel="next" href="([^"]+)"', text)
    assert more is not None
    text = (await mara.get(f"/room/flaky{more[1].replace('&amp;', '&')}")).text
    assert f"/room/tasks/{TASK}" in text
    assert NAMES[0] not in text
    await put(story, PATH, "tests: [{test: x}]\n")
    assert "excuses nothing: Entry 1" in (await program.get(address)).data["problem"]
    ann = story.hub.create_user("ann")
    story.repository.private = True
    assert (await asker(story, ann).get(address)).status == 403
    assert (await (await visitor(story, ann)).get(page)).status == 403
