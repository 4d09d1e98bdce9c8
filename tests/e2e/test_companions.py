"""A pull request is told what it lacks beside its code, by one check run whose buttons add it; or nothing is said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handlers.companions.task import CHECK_NAME
from tests.e2e.answers import FIX, Rule, calls, change, edit, finish, judged, new_file
from tests.e2e.conftest import Tell
from tests.e2e.revisions import finals
from tests.e2e.scenes import POLICY, SAMPLE, git, handled, put, rows
from tests.e2e.test_gates import refusals, results
from tests.support.pulls import propose, pull, push
from tests.support.story import Story

PRICES = "basket/prices.py"
SHOW = "companions: { show: true }\nreview: { on: [] }\n"
BEFORE = SAMPLE.joinpath(PRICES).read_text()
LARGEST = """

def largest_price(texts):
    prices = [parse_price(text) for text in texts]
    return max(prices)
"""


TABLES = "basket/tables.py"
TABLE = "class Item(Base):\n    price = Column(Integer)\n"
NEXT = "migrations/versions/b2_names.py"
EMPTY = '"""Add `Item.name`."""\n\nrevision = "b2"\ndown_revision = None\n\n\ndef upgrade():\n    pass\n'
IMPORTS = "from alembic import op\nfrom sqlalchemy import Column, String\n\n"
ADDED = (
    EMPTY.replace("revision =", f"{IMPORTS}revision =", 1)
    .replace("None", '"a1"')
    .replace("    pass", '    op.add_column("item", Column("name", String(20)))')
)


def migrating(*replies: dict[str, Any]) -> list[Rule]:
    return [{"match": {"text": "write the migrations by hand", "tool": "edit"}, "reply": reply} for reply in replies]


async def looked(story: Story, count: int) -> None:
    """Wait until so many heads were looked at."""

    def there() -> bool:
        return len(rows(story, "select 1 from fh_task where flow = 'companions' and state = 'done'")) >= count

    await story.until(there, what=f"{count} heads were looked at")


async def shown(story: Story, number: int) -> list[dict[str, Any]]:
    head = (await pull(story, number))["head"]["sha"]
    runs = (await story.request("GET", f"/commits/{head}/check-runs?filter=all"))["check_runs"]
    return [run for run in runs if run["name"] == CHECK_NAME]


async def test_what_is_missing_is_named_once_and_a_button_adds_it(tell: Tell) -> None:
    story = await tell([])
    await put(story, POLICY, SHOW)
    await put(story, "README.md", "`basket.prices.parse_price(text)` reads a price.\n")
    files = {PRICES: BEFORE + LARGEST, "README.md": "`basket.prices.parse_price(text)` reads one.\n"}
    number = await propose(story, files)
    await looked(story, 1)
    (run,) = await shown(story, number)
    assert (run["status"], run["conclusion"]) == ("completed", "neutral")
    assert run["output"]["title"] == "1 companion missing"
    assert "`largest_price` is new, and no test names it" in run["output"]["summary"]
    assert "no model was asked" in run["output"]["summary"]
    ((text,),) = rows(story, "select json_extract(result, '$.data.parts') from fh_task where flow = 'companions'")
    parts = {name: part["text"] for name, part in json.loads(text).items()}
    assert parts["tests"] == "New or changed public functions that no test names: 1."
    assert parts["performance"] == "Nothing was timed: nothing is run."
    assert "Nothing measured this." not in parts.values()
    await story.hub.press_button(story.repository, run["id"], "add-tests", "mara")
    started = "select number, source from fh_task where flow = 'test'"
    await story.until(lambda: rows(story, started), what="the button starts a task")
    assert rows(story, started) == [(number, "button")]
    tested = (
        "from basket.prices import largest_price\n\n\ndef test_largest():\n    assert largest_price(['1']) == 100\n"
    )
    await push(story, "topic", {**files, "tests/test_largest.py": tested})
    await looked(story, 2)
    assert await shown(story, number) == [], "nothing is missing any more"


async def test_a_button_writes_the_migration_that_lacks_and_an_empty_one_is_sent_back(tell: Tell) -> None:
    done = calls(finish("A column came without a migration.", "The migration adds the name."))
    turns = migrating(
        calls(edit(change(PRICES, *FIX)), edit(new_file(NEXT, EMPTY))),
        done,
        calls(edit(change(NEXT, EMPTY, ADDED))),
        done,
    )
    judge: Rule = {"match": {"text": "Do the new migrations bring"}, "reply": judged(passed=True, reason="")}
    story = await tell([*turns, judge])
    await put(story, POLICY, SHOW)
    await put(story, TABLES, TABLE)
    await put(story, "migrations/versions/a1_start.py", 'revision = "a1"\ndown_revision = None\n')
    number = await propose(story, {TABLES: f"{TABLE}    name = Column(String(20))\n"})
    await looked(story, 1)
    (run,) = await shown(story, number)
    assert "`Item.name` changed, and `migrations/versions/` got no new revision." in run["output"]["summary"]
    await story.hub.press_button(story.repository, run["id"], "add-migration", "mara")
    (final,) = await finals(story, number, 1)
    assert final.startswith("I pushed "), final
    assert rows(story, "select number, source from fh_task where flow = 'complete'") == [(number, "button")]
    assert [action for action, _ in refusals(story)] == [f"edit {PRICES}"]
    seen = results(story)
    assert "no new file in migrations/versions/ hands `Item.name` to a call" in seen
    assert "has more than one latest migration now: name a1 as the former" in seen
    assert "| migrations | 1 module without one | 1 new file; each changed column is named; applied to no" in final
    assert "A model wrote the migration" in final
    assert git(story, "show", f"topic:{NEXT}") + "\n" == ADDED
    await looked(story, 2)
    assert await shown(story, number) == [], "the code that named it names it no more"


async def test_a_fork_has_no_buttons_and_without_the_policy_nothing_is_looked_at(tell: Tell) -> None:
    story = await tell([])
    files = {PRICES: BEFORE + LARGEST, TABLES: f"{TABLE}    name = Column(String(20))\n"}
    await put(story, TABLES, TABLE)
    await put(story, "migrations/versions/a1_start.py", 'revision = "a1"\ndown_revision = None\n')
    await put(story, POLICY, "review: { on: [] }\n")
    await propose(story, files, branch="quiet", title="Quiet")
    await handled(story)
    assert rows(story, "select 1 from fh_task where flow = 'companions'") == []
    await put(story, POLICY, SHOW)
    stranger = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    await propose(story, files, branch="draft", title="Draft", draft=True)
    number = await propose(story, files, by=stranger, fork=fork)
    await looked(story, 1)
    (run,) = await shown(story, number)
    assert "`largest_price` is new" in run["output"]["summary"]
    assert "`Item.name` changed" in run["output"]["summary"]
    with pytest.raises(ValueError, match="shows no button"):
        await story.hub.press_button(story.repository, run["id"], "add-migration", "mara")
    assert rows(story, "select number from fh_task where flow = 'companions'") == [(number,)], "a draft is not done"
    assert story.script.requests == []
