"""Merged pull requests are taken back, however they were merged; where that cannot be, people are told what to do."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.scenes import POLICY, SAMPLE, git, place, put, rows
from tests.support.pulls import Files, propose, push
from tests.support.story import Story
from tests.support.typing import comment

pytestmark = [pytest.mark.needs("sandbox"), pytest.mark.asyncio(loop_scope="module")]
PRICES = "basket/prices.py"
GOOD = (SAMPLE / PRICES).read_text()
BROKEN = GOOD.replace("* 100", "* 10")
ENDS = ("Done.", "Stopped", "Failed")
NEW_TEST = (
    "import unittest\n\n\nclass NewTest(unittest.TestCase):\n    def test_it(self):\n        self.assertTrue(True)\n"
)


async def merged(story: Story, name: str, how: str, *commits: Files) -> tuple[Story, int]:
    """A repository of its own with a pull request of these commits, merged; people go on after it."""
    there = place(story, name)
    await put(there, POLICY, "review: { on: [] }\n")
    first, *others = commits
    number = await propose(there, first, title="Cheaper prices")
    for number_of, files in enumerate(others):
        await push(there, "topic", files, onto="topic", message=f"More {number_of}")
    await put(there, "README.md", "Meanwhile.\n")
    await there.request("PUT", f"/pulls/{number}/merge", {"merge_method": how})
    await put(there, "README.md", "Later.\n")
    return there, number


async def ask(story: Story, number: int, text: str = "/revert") -> tuple[str, list[dict[str, Any]]]:
    """Type it; the last word, and the pull requests that are open then."""
    before = len(story.shown(number, "status"))
    await comment(story, number, text)

    def ended() -> bool:
        shown = story.shown(number, "status")
        return len(shown) > before and shown[-1].startswith(ENDS)

    await story.until(ended, what="it has ended", show=lambda: story.status(number))
    return await story.status(number), [pull for pull in await story.pulls() if pull["state"] == "open"]


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
async def test_all_of_it_goes_and_what_failed_passes_again(town: Story, how: str) -> None:
    story, number = await merged(town, how, how, {PRICES: BROKEN}, {"tests/test_new.py": NEW_TEST})
    said, (pull,) = await ask(story, number, "/revert Prices are wrong since then.")
    assert said.startswith("Done.")
    assert pull["title"] == 'Revert "Cheaper prices"'
    assert not pull["draft"]
    body = pull["body"].replace("\u200b", "")
    assert "**Why.** Prices are wrong since then." in body
    assert (
        "**Confirmed.** Fails on the branch as it is, and passes with this, each time: `tests/test_basket.py::" in body
    )
    assert "| what fails now | 2 tests fail, 3 of 3 | 2 of 2 pass, 3 of 3: confirmed |" in body
    assert ("cannot simply be merged again" in body) == (how == "merge")
    assert {"merge": "merged as", "squash": "squashed into", "rebase": "rebased onto the branch as 2 commits"}[
        how
    ] in body
    branch = pull["head"]["ref"]
    changed = git(story, "diff", "--name-only", f"main..{branch}").splitlines()
    assert changed == [PRICES, "tests/test_new.py"]
    assert git(story, "show", f"{branch}:{PRICES}") == GOOD.strip()
    assert git(story, "log", "-1", "--format=%B", branch).count("This reverts commit") == (2 if how == "rebase" else 1)
    assert story.script.requests == []
    (state,) = rows(
        story, "select state from fh_task where flow = 'revert' and repository = ?", story.repository.full_name
    )
    assert state == ("done",)


async def test_a_revert_is_taken_back_and_a_second_one_is_not_made(town: Story) -> None:
    story, number = await merged(town, "again", "squash", {PRICES: GOOD + "\n\nLIMIT = 3\n"})
    _, (pull,) = await ask(story, number)
    assert "**Not confirmed.**" in pull["body"]
    said, _ = await ask(story, number)
    assert f"#{pull['number']} is already open" in said
    await story.request("PUT", f"/pulls/{pull['number']}/merge", {"merge_method": "squash"})
    said, opened = await ask(story, number)
    assert "is taken back already by" in said
    assert opened == []
    _, (again,) = await ask(story, pull["number"])
    assert again["title"] == 'Reapply "Cheaper prices"'
    assert git(story, "show", f"{again['head']['ref']}:{PRICES}").endswith("LIMIT = 3")


async def test_a_conflict_says_what_to_do_and_changes_nothing(town: Story) -> None:
    story, number = await merged(town, "conflict", "merge", {PRICES: BROKEN})
    await put(story, PRICES, BROKEN.replace("* 10", "* 10 + 1"))
    said, opened = await ask(story, number)
    assert said.startswith("Stopped.")
    assert f"the same lines of `{PRICES}` were changed since, by" in said
    assert "git revert -m 1" in said
    assert opened == []


async def test_a_migration_forbids_it_unless_somebody_marked_it(town: Story) -> None:
    path = "db/migrate/20260101_add.rb"
    story, number = await merged(town, "migration", "rebase", {path: "add_column :a, :b\n"}, {PRICES: BROKEN})
    said, opened = await ask(story, number)
    assert f"touches `{path}` (Rails)" in said
    assert opened == []
    await put(story, path, "# forgehand: reversible\nadd_column :a, :b\n")
    said, _ = await ask(story, number)
    assert "the same lines" in said, "it is another file now"


async def test_what_breaks_other_tests_is_a_draft_that_says_so(town: Story) -> None:
    story, number = await merged(town, "needed", "squash", {"basket/vat.py": "RATE = 19\n"})
    await put(
        story,
        PRICES,
        GOOD.replace('"""Prices as people write them."""', '"""Prices."""\n\nfrom basket.vat import RATE'),
    )
    _, (pull,) = await ask(story, number)
    assert pull["draft"]
    assert "**Not verified.**" in pull["body"]
