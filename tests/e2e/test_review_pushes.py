"""A review during pushes and changes of base.

Paid work goes on, a block stays, and nothing is taken for another diff.
"""

from __future__ import annotations

from simhub.model import Account, CheckRun, Repository
from tests.e2e.answers import Rule
from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PRICES, PROVED, QUIET, finding, reports
from tests.e2e.scenes import POLICY, asked_about, during, handled, put, rows
from tests.e2e.test_review import make_ready
from tests.support.pulls import propose, pull, push, reviewed, reviews
from tests.support.story import Story

FIXED = BUGGY.replace('int(cents or "0")', 'int((cents + "00")[:2])')
STILL_BUGGY = BUGGY + "\n\nCURRENCY = None\n"


def checks(story: Story, sha: str) -> list[CheckRun]:
    """Return every check run on a commit, whatever its name."""
    return [run for suite in story.repository.suites if suite.head_sha == sha for run in suite.runs]


async def asked_on_a_fork(story: Story) -> tuple[Account, Repository, int]:
    """A stranger proposes the bug from their fork, which is skipped, and the maintainer asks for its review."""
    stranger = story.hub.create_user("sam")
    theirs = story.hub.fork(story.repository, "sam")
    number = await propose(story, {PRICES: BUGGY}, title="From a fork", by=stranger, fork=theirs)
    assert (await reviewed(story, number))["conclusion"] == "skipped"
    await story.request("POST", f"/issues/{number}/comments", {"body": "/review"})
    return stranger, theirs, number


async def test_a_strangers_push_cancels_nothing_that_somebody_paid_for_and_lifts_no_block(tell: Tell) -> None:
    heads: list[str] = []
    told: Rule = reports(finding(severity="blocker"), text=["Concern: correctness", "From a fork"])

    async def move() -> None:
        heads.append(await push(story, "topic", {PRICES: STILL_BUGGY}, into=theirs, by=stranger))

    story = await tell([during(told, move), told, PROVED, QUIET])
    await put(story, POLICY, "review: {block: true}\n")
    stranger, theirs, number = await asked_on_a_fork(story)
    await story.until(lambda: len(heads) == 1, what="the stranger has pushed")
    run = await reviewed(story, number, sha=heads[0])
    assert (run["conclusion"], run["output"]["title"]) == ("failure", "1 blocker")
    assert rows(story, "select actor from fh_task") == [("mara",), ("mara",)], "it goes on for who asked"
    assert len(await reviews(story, number)) == 1

    # Now nothing is under way. Nobody pays for the next push, and still the blocker is one.
    asked = len(story.script.requests)
    next_head = await push(story, "topic", {"README.md": "# Mine\n"}, onto="topic", into=theirs, by=stranger)
    run = await reviewed(story, number, sha=next_head)
    assert (run["conclusion"], run["output"]["title"]) == ("failure", "1 still open, 1 changed file not read")
    assert len(story.script.requests) == asked


async def test_another_base_is_another_diff_and_another_pull_request_another_check(tell: Tell) -> None:
    told: Rule = reports(finding(severity="blocker"), text=["Concern: correctness", "To main"])
    story = await tell([told, PROVED, QUIET])
    await put(story, POLICY, "review: {block: true}\n")
    await push(story, "release", {PRICES: BUGGY}, onto="main")
    head = await push(story, "topic", {"README.md": "# Basket\n"}, onto="release")
    wanted = {"title": "To main", "head": "topic", "base": "main", "body": ""}
    number = (await story.request("POST", "/pulls", wanted))["number"]
    assert (await reviewed(story, number))["conclusion"] == "failure"

    # The very same head, compared with a branch that has the bug already.
    wanted = {"title": "To release", "head": "topic", "base": "release", "body": ""}
    other = (await story.request("POST", "/pulls", wanted))["number"]
    await story.until(lambda: len(_ended(story, head)) == 2, what="both pull requests have their check")
    newest = {run.name: run.conclusion for run in _ended(story, head)}
    assert newest == {"Forgehand review": "failure", f"Forgehand review (#{other})": "success"}

    # It is pointed at another branch: what was read of it before was another diff.
    await story.request("PATCH", f"/pulls/{other}", {"base": "main"})
    await story.until(lambda: len(_ended(story, head)) == 3, what="the other base is noticed")
    last = max(_ended(story, head), key=lambda run: run.id)
    assert (last.name, last.conclusion) == (f"Forgehand review (#{other})", "neutral")
    assert "1 changed file not read" in (last.title or "")
    assert not any(PRICES in asked.text for asked in asked_about(story, "To release")), "an edit buys no reading"
    assert (await pull(story, other))["base"]["ref"] == "main"

    # "Re-run" of it means that pull request, though the name of its check has a number.
    await story.request("POST", f"/check-runs/{last.id}/rerequest")
    await story.until(lambda: len(_ended(story, head)) == 4, what="that check is run again")
    assert max(_ended(story, head), key=lambda run: run.id).name == last.name


def _ended(story: Story, sha: str) -> list[CheckRun]:
    return [run for run in checks(story, sha) if run.status == "completed"]


async def test_a_base_that_changes_during_a_review_is_noticed(tell: Tell) -> None:
    moved: list[int] = []
    told: Rule = reports(finding(), text=["Concern: correctness", "Stacked"])

    async def retarget() -> None:
        await story.request("PATCH", "/pulls/1", {"base": "release"})
        moved.append(1)

    story = await tell([during(told, retarget), QUIET, PROVED])
    await push(story, "release", {PRICES: FIXED}, onto="main")
    number = await propose(story, {PRICES: BUGGY}, title="Stacked")
    assert number == 1
    await story.until(lambda: bool(moved), what="the base has changed")
    head = (await pull(story, number))["head"]["sha"]
    await story.until(lambda: len(_ended(story, head)) == 2, what="another review has taken its place")
    first, second = sorted(_ended(story, head), key=lambda run: run.id)
    assert (first.conclusion, second.conclusion) == ("cancelled", "success")
    assert first.title == "Cancelled. Another base cancelled the task."
    assert await reviews(story, number) == []


async def test_closing_and_opening_again_lifts_no_block(tell: Tell) -> None:
    told: Rule = reports(finding(severity="blocker"), text=["Concern: correctness", "From a fork"])
    story = await tell([told, PROVED, QUIET])
    await put(story, POLICY, "review: {block: true}\n")
    stranger, _, number = await asked_on_a_fork(story)
    head = (await pull(story, number))["head"]["sha"]
    await story.until(lambda: _newest(story, head) == "failure", what="the blocker is told")
    asked = len(story.script.requests)

    for state in ("closed", "open"):
        await story.request("PATCH", f"/pulls/{number}", {"state": state}, by=stranger)
        await handled(story)
    await story.until(lambda: len(_ended(story, head)) == 3, what="it was looked at again")
    assert _newest(story, head) == "failure"
    assert len(story.script.requests) == asked


async def test_a_stranger_buys_nothing_twice_by_closing_and_opening_again(tell: Tell) -> None:
    """Once during the review; once so that it ends while the pull request is closed."""
    told: Rule = reports(finding(severity="blocker"), text=["Concern: correctness", "From a fork"])
    looked = []

    async def turn(*states: str) -> None:
        for state in states:
            await story.request("PATCH", "/pulls/1", {"state": state}, by=stranger)
            await handled(story)

    async def close_and_open() -> None:
        await turn("closed", "open", "closed")
        looked.append(rows(story, "select state from fh_task where flow = 'review'"))

    story = await tell([during(told, close_and_open), told, PROVED, QUIET])
    await put(story, POLICY, "review: {block: true, on: [opened, reopened]}\n")
    stranger, _, number = await asked_on_a_fork(story)
    head = (await pull(story, number))["head"]["sha"]
    await story.until(lambda: rows(story, "select 1 from fh_task where state = 'refused'"), what="it ends while closed")
    assert looked == [[("running",)]], "who may not stop it does not"
    assert await reviews(story, number) == []
    asked = len(story.script.requests)

    await turn("open")
    await story.until(lambda: _newest(story, head) == "failure", what="the blocker is told")
    assert len(await reviews(story, number)) == 1
    await turn("closed", "open")
    await story.until(lambda: len(_ended(story, head)) == 4, what="it was looked at once more")
    assert _newest(story, head) == "failure"
    assert {actor for (actor,) in rows(story, "select actor from fh_task where flow = 'review'")} == {"mara", "sam"}
    assert len(story.script.requests) == asked


async def test_a_stranger_buys_nothing_twice_by_going_to_and_fro(tell: Tell) -> None:
    told: Rule = reports(finding(), text=["Concern: correctness", "From a fork"])
    bases: list[str] = []

    async def turn() -> None:
        bases.append("main" if bases else "release")
        await story.request("PATCH", "/pulls/1", {"base": bases[-1]}, by=stranger)
        await story.hub.settled()

    story = await tell([during(told, turn), during(told, turn), told, PROVED, QUIET])
    await push(story, "release", {"README.md": "# Release\n"}, onto="main")
    stranger, _, number = await asked_on_a_fork(story)
    head = (await pull(story, number))["head"]["sha"]
    await story.until(lambda: _newest(story, head) == "neutral", what="it was looked at without a model")
    await handled(story)
    assert bases == ["release", "main"]
    assert rows(story, "select actor from fh_task where flow = 'review' order by created") == [
        ("mara",),
        ("mara",),
        ("sam",),
    ]
    assert len([asked for asked in asked_about(story, "From a fork") if "Concern: correctness" in asked.text]) == 2


async def test_what_a_maintainer_has_stopped_by_closing_only_a_maintainer_begins_again(tell: Tell) -> None:
    told: Rule = reports(finding(severity="blocker"), text=["Concern: correctness", "From a fork"])
    stopped: list[int] = []

    async def close() -> None:
        await story.request("PATCH", "/pulls/1", {"state": "closed"})
        await story.hub.settled()
        stopped.append(1)

    story = await tell([during(told, close), told, PROVED, QUIET])
    await put(story, POLICY, "review: {block: true, on: [opened]}\n")
    stranger, _, number = await asked_on_a_fork(story)
    head = (await pull(story, number))["head"]["sha"]
    await story.until(lambda: _newest(story, head) == "cancelled", what="the review is stopped")
    asked = len(story.script.requests)
    await story.request("PATCH", f"/pulls/{number}", {"state": "open"}, by=stranger)
    await handled(story)
    assert len(rows(story, "select 1 from fh_task where flow = 'review'")) == len(stopped) == 1
    assert len(story.script.requests) == asked

    for state in ("closed", "open"):
        await story.request("PATCH", f"/pulls/{number}", {"state": state})
        await handled(story)
    await story.until(lambda: _newest(story, head) == "failure", what="the review begins again")
    ended = sorted(rows(story, "select actor, state from fh_task where flow = 'review'"))
    assert ended == [("mara", "cancelled"), ("mara", "done")]
    assert len(await reviews(story, number)) == 1


async def test_a_review_that_is_cancelled_stays_so_when_a_stranger_opens_again(tell: Tell) -> None:
    told: Rule = reports(finding(), text=["Concern: correctness", "From a fork"])

    async def cancel() -> None:
        await story.request("POST", "/issues/1/comments", {"body": "/cancel"})
        await story.hub.settled()

    story = await tell([during(told, cancel), QUIET])
    stranger, _, number = await asked_on_a_fork(story)
    head = (await pull(story, number))["head"]["sha"]
    await story.until(lambda: _newest(story, head) == "cancelled", what="it is cancelled")
    for state in ("closed", "open"):
        await story.request("PATCH", f"/pulls/{number}", {"state": state}, by=stranger)
        await handled(story)
    assert rows(story, "select state from fh_task where flow = 'review'") == [("cancelled",)]


async def test_what_nobody_pays_for_hides_no_review_under_way_behind_a_skipped_check(tell: Tell) -> None:
    told: Rule = reports(finding(), text=["Concern: correctness", "A draft"])

    async def ready() -> None:
        await make_ready(story, 1)
        await handled(story)
        checks_then.extend(run.status for run in checks(story, head))

    checks_then: list[str] = []
    story = await tell([during(told, ready), PROVED, QUIET])
    stranger = story.hub.create_user("sam")
    theirs = story.hub.fork(story.repository, "sam")
    number = await propose(story, {PRICES: BUGGY}, title="A draft", by=stranger, fork=theirs, draft=True)
    head = (await pull(story, number))["head"]["sha"]
    await story.request("POST", f"/issues/{number}/comments", {"body": "/review"})
    await story.until(lambda: _newest(story, head) == "neutral", what="the bug is told")
    assert checks_then == ["in_progress"]
    assert [run.conclusion for run in checks(story, head)] == ["neutral"]


def _newest(story: Story, sha: str) -> str | None:
    newest = max(_ended(story, sha), key=lambda run: run.id, default=None)
    return newest.conclusion if newest is not None else None


async def test_a_merge_queue_that_waits_for_our_check_gets_it_once(tell: Tell) -> None:
    story = await tell([reports(finding(), text=["Concern: correctness"]), PROVED, QUIET])
    (installation,) = story.hub.world.installations.values()
    for events in (installation.app.events, installation.events):  # those of an optional group
        events.append("merge_group")
    number = await propose(story, {PRICES: BUGGY}, title="Prices")
    await reviewed(story, number)
    proposed = next(each for each in story.repository.pulls if each.number == number)
    group = await story.hub.queue_group(proposed)
    await handled(story)
    await story.until(lambda: checks(story, group), what="the queue has our check")
    (run,) = checks(story, group)
    assert (run.name, run.status, run.conclusion) == ("Forgehand review", "completed", "neutral")
    assert rows(story, "select count(*) from fh_task where flow = 'review'") == [(1,)], "nothing is read again"
