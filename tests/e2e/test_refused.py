"""A finished, paid change is never lost: a refusal is told with test and diff, and /retry publishes it."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from simhub.faults import Fault
from simhub.model import Rule
from tests.e2e.answers import (
    BODY,
    FIX,
    FIXED,
    JUDGED,
    PROOF_TEXT,
    PROVED,
    RECOGNISED,
    calls,
    change,
    edit,
    finish,
    judged,
    new_file,
    prove,
)
from tests.e2e.scenes import POLICY, SAMPLE, about, asked_about, branches, during, git, place, put, rows
from tests.support.story import Story
from tests.support.typing import comment

NAMED = change("basket/prices.py", "def parse_price(text):\n", "CENTS = 100\n\n\ndef parse_price(text):\n") + change(
    "basket/prices.py", FIX[1], '    return int(whole) * CENTS + int((cents + "00")[:2])\n'
)
CLOSED_ISSUE = {"number": 1, "title": "Cents of a closed issue", "body": BODY, "state": "closed", "labels": []}
pytestmark = pytest.mark.asyncio(loop_scope="module")


def pattern(kind: str, operator: str, text: str) -> Rule:
    return Rule(kind, {"operator": operator, "pattern": text})


async def refused(story: Story, title: str, event: Callable[[], Awaitable[object]]) -> tuple[int, str]:
    """The event happens while the change is judged; the number of the issue and the comment that tells."""
    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, event)]))
    number = await story.file(title, BODY)
    status = await story.until_status(number, "Stopped. The change is finished and kept")
    assert "`/retry` publishes it" in status
    (final,) = (await story.comments(number))["final"]
    for part in (
        "Cents are dropped.",
        "test_cents_count",
        "class CentsTest",
        "+    return int(whole) * 100 + int((cents",
    ):
        assert part in final, part
    assert "What to change." in final
    assert await story.pulls() == []
    return number, final


async def published_by_retry(story: Story, title: str, number: int) -> dict[str, Any]:
    """The pull request that /retry opens without asking any model."""
    asked = len(asked_about(story, title))
    await comment(story, number, "/retry")
    query = "select state from fh_task where repository = ? and number = ? order by created desc"
    name = story.repository.full_name
    await story.until(lambda: rows(story, query, name, number)[0] == ("done",), what="the retry is done")
    assert len(asked_about(story, title)) == asked, "answers were bought again"
    (pull,) = await story.pulls()
    assert f"Fixes #{number}." in pull["body"]
    assert "Cost $0.00, 0 model calls" not in pull["body"]
    assert rows(story, "select count(*) from fh_kept_change where evidence like ?", f"%{title}%") == [(0,)]
    return pull


async def test_a_rule_on_paths_that_nobody_could_foresee(town: Story) -> None:
    story, title = place(town, "paths"), "Cents on a closed path"

    async def rule() -> None:
        town.hub.add_ruleset(
            story.repository, "~ALL", Rule("file_path_restriction", {"restricted_file_paths": ["basket/*"]})
        )

    number, final = await refused(story, title, rule)
    assert "File path is restricted." in final
    assert branches(story) == ["main"]
    story.repository.rulesets.clear()
    await put(story, "README.md", "# The base moved meanwhile\n")
    pull = await published_by_retry(story, title, number)
    assert git(story, "rev-parse", f"{pull['head']['ref']}^") == git(story, "rev-parse", "main")


async def test_a_base_on_which_the_proof_is_cut_short_is_not_said_to_be_mended(town: Story) -> None:
    story, title = place(town, "short"), "Cents on a base that ends its tests"
    sound = git(story, "show", "main:basket/__init__.py")

    async def end_tests() -> None:
        await put(story, "basket/__init__.py", "import os\n\nos._exit(3)\n")

    number, final = await refused(story, title, end_tests)
    assert "gave no usable result without the change" in final
    assert "See that the base branch can be installed and tested" in final
    assert "fixed there" not in final
    await put(story, "basket/__init__.py", f"{sound}\n")
    await published_by_retry(story, title, number)


async def test_a_branch_in_the_way_and_another_prefix(town: Story) -> None:
    story, title = place(town, "way"), "Cents with a branch in the way"

    async def block() -> None:
        sha = git(story, "rev-parse", "main")
        await story.request("POST", "/git/refs", {"ref": "refs/heads/forgehand", "sha": sha})

    number, final = await refused(story, title, block)
    assert "The branch forgehand leaves no room" in final
    await put(story, POLICY, "publish: { prefix: bot- }\n")
    pull = await published_by_retry(story, title, number)
    assert pull["head"]["ref"].startswith(f"bot-fix-{number}-")


async def test_githubs_own_trouble_at_the_last_step(town: Story) -> None:
    story, title = place(town, "trouble"), "Cents in trouble"

    async def break_down() -> None:
        town.hub.faults.add(Fault(path="/repos/octo/trouble/pulls", method="POST", status=502, times=-1))

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, break_down)]))
    number = await story.file(title, BODY)
    await story.until_status(number, "Stopped. The change is finished and kept")
    town.hub.faults.clear()
    await published_by_retry(story, title, number)


async def test_an_issue_that_was_closed_meanwhile_and_is_opened_again(town: Story) -> None:
    story, title = place(town, "closed"), "Cents of a closed issue"

    async def close() -> None:
        town.hub.faults.add(Fault(path="/repos/octo/closed/issues/1", method="GET", status=200, body=CLOSED_ISSUE))

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, close)]))
    number = await story.file(title, BODY)
    await story.until_status(number, "Stopped. The issue was closed meanwhile")
    assert await story.pulls() == []
    await published_by_retry(story, title, number)


async def test_signed_commits_are_made_where_a_rule_demands_them(town: Story) -> None:
    story, title = place(town, "signed"), "Cents that are signed"
    town.hub.add_ruleset(story.repository, "~ALL", Rule("required_signatures"), allow=["mara"])
    await put(story, POLICY, "publish: { sign_off: true }\n")
    story.script.extend(about(title, [*PROVED, *FIXED, JUDGED]))
    number = await story.file(title, BODY)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    head = await story.request("GET", f"/commits/{pull['head']['sha']}")
    assert head["commit"]["verification"]["verified"] is True
    assert head["author"]["login"] == town.app.bot_login
    assert f"Signed-off-by: {town.app.bot_login} <" in head["commit"]["message"]


async def test_rules_that_are_known_are_told_before_anything_is_paid_for(town: Story) -> None:
    story, title = place(town, "named"), "Cents under a name"
    town.hub.add_ruleset(story.repository, "~ALL", pattern("branch_name_pattern", "regex", "^(main|feature/.*)$"))
    town.hub.add_ruleset(story.repository, "~ALL", Rule("creation"), allow=["forgehand"])
    number = await story.file(title, BODY)
    status = await story.until_status(number, "Stopped.")
    assert "does not fit the rule for branch names (`^(main|feature/.*)$`)" in status
    assert "bypass list" not in status, "a rule that we may bypass"
    assert asked_about(story, title) == []
    await put(story, POLICY, "publish: { prefix: feature/ }\n")
    story.script.extend(about(title, [*PROVED, *FIXED, JUDGED]))
    await comment(story, number, "/retry")
    await story.until(lambda: bool(story.repository.pulls), what="a pull request")
    assert (await story.pulls())[0]["head"]["ref"].startswith(f"feature/fix-{number}-")


async def test_a_default_branch_that_is_renamed_meanwhile(town: Story) -> None:
    story, title = place(town, "trunk"), "Cents on another branch"

    async def rename() -> None:
        await town.hub.rename_branch(story.repository, "main", "trunk", "mara")

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, rename)]))
    number = await story.file(title, BODY)
    await story.until_status(number, "Done.")
    (pull,) = await story.pulls()
    assert pull["base"]["ref"] == "trunk"


async def test_a_locked_conversation_gets_its_pull_request_all_the_same(town: Story) -> None:
    story, title = place(town, "locked"), "Cents behind a lock"
    number = await story.file(title, BODY, label=None)
    await story.request("PUT", f"/issues/{number}/lock")
    story.script.extend(about(title, [*PROVED, *FIXED, JUDGED]))
    await story.label(number)
    query = "select state, result from fh_task where repository = ?"
    name = story.repository.full_name
    await story.until(lambda: [row[0] for row in rows(story, query, name)] == ["done"], what="it is done")
    (pull,) = await story.pulls()
    assert f"Fixes #{number}." in pull["body"]
    assert "class CentsTest" not in pull["body"]
    assert await story.comments(number) == {}
    await story.request("DELETE", f"/issues/{number}/lock")
    await story.until_status(number, "Done.")


async def test_a_refusal_in_a_locked_conversation_is_in_the_tasks_result(town: Story) -> None:
    story, title = place(town, "shut"), "Cents shut in"
    number = await story.file(title, BODY, label=None)
    await story.request("PUT", f"/issues/{number}/lock")
    restricted = Rule("file_path_restriction", {"restricted_file_paths": ["basket/*"]})

    async def rule() -> None:
        town.hub.add_ruleset(story.repository, "~ALL", restricted)

    story.script.extend(about(title, [*PROVED, *FIXED, during(JUDGED, rule)]))
    await story.label(number)
    query = "select state, result from fh_task where repository = ? and state = 'refused'"
    name = story.repository.full_name
    await story.until(lambda: bool(rows(story, query, name)), what="it is refused")
    ((_, result),) = rows(story, query, name)
    for part in ("Cents are dropped.", "class CentsTest", "File path is restricted", "What to change."):
        assert part in result, part
    story.repository.rulesets.clear()
    await published_by_retry(story, title, number)


async def test_a_revision_that_a_rule_refuses_is_pushed_by_retry(town: Story, tmp_path: Path) -> None:
    """Its proof is a test only by the repository's own settings, which the retry has to read anew."""
    source = shutil.copytree(SAMPLE, tmp_path / "sample")
    (source / "pytest.ini").write_text("[pytest]\npython_files = test_*.py check_*.py\n")
    story, title, demand = place(town, "revised", source), "Cents to be revised", "Give the hundred a name, please."
    await put(story, POLICY, "review: { on: [] }\n")
    proved = prove(calls(edit(new_file("checks/check_cents.py", PROOF_TEXT))), calls(finish()))
    story.script.extend(about(title, [*proved, RECOGNISED, *FIXED, JUDGED]))
    await story.file(title, BODY)
    await story.until(lambda: bool(story.repository.pulls), what="a pull request")
    (pull,) = await story.pulls()
    number, branch, head = pull["number"], pull["head"]["ref"], pull["head"]["sha"]

    async def rule() -> None:
        restricted = Rule("file_path_restriction", {"restricted_file_paths": ["basket/*"]})
        town.hub.add_ruleset(story.repository, "~ALL", restricted)

    def revises(reply: dict[str, Any]) -> dict[str, Any]:
        return {"match": {"system": "You change a pull request", "text": demand}, "reply": reply}

    said = [
        {"number": 1, "asked": False, "met": True, "why": "Nothing is asked."},
        {"number": 2, "asked": True, "met": True, "why": "CENTS is the name."},
    ]
    judge = {"match": {"system": "You check whether a change", "text": demand}, "reply": judged(demands=said)}
    story.script.extend(
        [revises(calls(edit(NAMED))), revises(calls(finish("", "CENTS is a name."))), during(judge, rule)]
    )
    comments = [{"path": "basket/prices.py", "line": 7, "body": demand}]
    data = {"event": "REQUEST_CHANGES", "body": "Nearly there.", "commit_id": head, "comments": comments}
    await story.request("POST", f"/pulls/{number}/reviews", data)
    query = "select state, result from fh_task where repository = ? and flow = 'revise' order by created desc"
    name = story.repository.full_name

    def newest() -> tuple[Any, ...]:
        return next(iter(rows(story, query, name)), ("none", ""))

    await story.until(lambda: newest()[0] == "refused", what="the revision is refused")
    (told,) = (await story.comments(number))["final"]
    for part in ("File path is restricted.", "Let the App bypass that rule", "`/retry` publishes it", "+CENTS = 100"):
        assert part in told, part
    assert git(story, "rev-parse", branch) == head

    story.repository.rulesets.clear()
    asked = len(asked_about(story, demand))
    await comment(story, number, "/retry")
    await story.until(lambda: newest()[0] == "done", what="the retry is done", show=newest)
    assert len(asked_about(story, demand)) == asked, "answers were bought again"
    after = git(story, "rev-parse", branch)
    assert git(story, "rev-parse", f"{branch}^") == head
    assert "CENTS = 100" in git(story, "show", f"{branch}:basket/prices.py")
    (thread,) = story.repository.pulls[-1].threads
    assert thread.resolved_by is not None
    assert f"Done in {after}." in thread.comments[-1].body
    assert "Cost $0.00" not in (await story.comments(number))["final"][-1]
    renewed = (await story.request("GET", f"/pulls/{number}"))["body"]
    assert "`test_cents_count` (new) | fails without the change" in renewed, "the evidence is that of the new head"
    assert rows(story, "select count(*) from fh_kept_change where evidence like ?", f"%{demand}%") == [(0,)]
