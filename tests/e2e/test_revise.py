"""A pull request is changed as people ask: reviews, /revise, /fix, failing CI; and what is left alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from simhub.workflows import Job
from tests.e2e.answers import BODY, FIX, GOOD, PROOF, TITLE, Rule, calls, change, edit, finish, judged
from tests.e2e.conftest import Tell
from tests.e2e.scenes import POLICY, SAMPLE, git, put, rows
from tests.support.pulls import propose, pull, push
from tests.support.story import Story
from tests.support.typing import answered, comment, on_line, reactions

REVISE = "You change a pull request"
PRICES = "basket/prices.py"
NO_REVIEWS = "review: { on: [] }\n"
CONSTANT = change(PRICES, "def parse_price(text):\n", "CENTS = 100\n\n\ndef parse_price(text):\n") + change(
    PRICES, FIX[1], '    return int(whole) * CENTS + int((cents + "00")[:2])\n'
)
ONE_DIGIT = change(
    PROOF,
    '        self.assertEqual(total(["2.50", "2.50"]), 500)\n',
    '        self.assertEqual(total(["2.50", "2.50"]), 500)\n        self.assertEqual(total(["2.5"]), 250)\n',
)


def revises(*replies: dict[str, Any], **match: Any) -> list[Rule]:
    return [{"match": {"system": REVISE, **match}, "reply": reply} for reply in replies]


def met(*which: bool | None) -> Rule:
    """Answer as the judge of each demand; None: no question is asked."""
    whys = {True: "The diff shows it.", False: "The diff does not touch it.", None: "Nothing is asked."}
    said = [
        {"number": number, "asked": yes is not None, "met": yes is not False, "why": whys[yes]}
        for number, yes in enumerate(which, 1)
    ]
    # a judge that contradicts itself: what it once called unmet is
    said += [{**row, "met": True} for row in said if not row["met"]]
    return {"match": {"system": "You check whether a change"}, "reply": judged(demands=said)}


async def fixed(story: Story, source: Path = SAMPLE) -> tuple[int, str]:
    """A pull request of the bot's; its number and branch. Reviews are switched off."""
    await put(story, POLICY, NO_REVIEWS)
    number = await story.file(TITLE, BODY)
    await story.until_status(number, "Done.")
    (opened,) = await story.pulls()
    return opened["number"], opened["head"]["ref"]


async def threads(story: Story, number: int) -> list[dict[str, Any]]:
    (found,) = [each for each in story.repository.pulls if each.number == number]
    return [
        {"resolved": thread.resolved_by is not None, "said": [each.body for each in thread.comments]}
        for thread in found.threads
    ]


async def red(story: Story, branch: str, log: str) -> None:
    """CI fails on the branch as it is."""
    run = await story.hub.start_workflow(story.repository, git(story, "rev-parse", branch), branch)
    await story.hub.finish_workflow(run, [Job("test", "failure", f"{log}\n##[error]exit 1\n"), Job("lint")])


def may_read_logs(story: Story) -> None:
    """The owner accepts the optional group for CI."""
    (installation,) = story.hub.world.installations.values()
    story.hub.accept_permissions(installation, {**installation.permissions, "actions": "read"})


async def finals(story: Story, number: int, count: int) -> list[str]:
    def there() -> bool:
        return len(story.shown(number, "final")) >= count

    await story.until(there, what=f"{count} final comments", show=lambda: story.comments(number))
    return (await story.comments(number))["final"]


async def test_a_review_is_done_in_one_commit_and_every_thread_answered(tell: Tell) -> None:
    story = await tell(
        [
            *GOOD,
            *revises(calls(edit(CONSTANT)), calls(edit(ONE_DIGIT)), calls(finish("", "CENTS has a name."))),
            met(None, True, True, True, False),
            *revises(calls(finish("", "The README is not mine."))),
            met(None, True, True, True, False),
        ]
    )
    number, branch = await fixed(story)
    head = git(story, "rev-parse", branch)
    opened = (await pull(story, number))["body"]
    await story.request("PATCH", f"/pulls/{number}", {"body": f"Look here first.\r\n\r\n{opened}\r\nAnd here last."})
    comments = [
        {"path": PRICES, "line": 7, "body": "Give the 100 a name."},
        {"path": PROOF, "line": 8, "body": "Cover one digit as well."},
        {"path": PROOF, "line": 5, "body": "Let the same test cover both."},
        {"path": PROOF, "line": 1, "body": "Say it in the README."},
    ]
    data = {"event": "REQUEST_CHANGES", "body": "Nearly there.", "commit_id": head, "comments": comments}
    await story.request("POST", f"/pulls/{number}/reviews", data)
    (final,) = await finals(story, number, 1)
    after = git(story, "rev-parse", branch)
    assert git(story, "rev-parse", f"{branch}^") == head, final
    assert "CENTS = 100" in git(story, "show", f"{branch}:{PRICES}")
    assert '["2.5"]' in git(story, "show", f"{branch}:{PROOF}"), "a test that the pull request adds may be changed"
    *answered_well, last = await threads(story, number)
    assert len(answered_well) == 3
    for thread in answered_well:
        assert thread["resolved"]
        assert f"Done in {after}. The diff shows it." in thread["said"][1]
    assert not last["resolved"]
    assert f"Not done in {after[:10]}, so I leave this open. The diff does not touch it." in last["said"][1]
    assert final.startswith(f"I pushed {after} for 3 of 4 demands.")
    assert "Nearly there." not in final, "words that ask for nothing are no demand"
    assert "| all 4 tests (full suite" in final
    row = "| `test_cents_count` (new) | fails without the change: `400 != 500` | passes, 3 of 3 |"
    assert row in final
    renewed = (await pull(story, number))["body"]
    told = opened.partition("<!-- forgehand evidence -->")[0]
    assert renewed.startswith(f"Look here first.\r\n\r\n{told}"), "what people wrote, and what was told once, stays"
    assert renewed.endswith("And here last.")
    assert f"**Revised** in {after}, as mara asked: The README is not mine." in renewed
    assert row in renewed
    assert renewed.count("| check |") == 1
    assert "no failing input found" not in renewed, "nobody looked for one in the new commit"
    changed = git(story, "diff", "--numstat", f"main...{branch}").split()
    lines = sum(int(number) for number in changed if number.isdigit())
    assert f"The whole pull request is {lines} lines in 2 files." in renewed
    asked = next(each for each in story.script.requests if REVISE in each.text)
    assert f"Pull request #{number}:" in asked.text
    assert "How the code and tests there are written" not in asked.text, "nobody used it"
    status = await story.until_status(number, "Stopped before everything was done.")
    assert f"Pushed {after[:10]}; 3 of 4 demands are met." in status
    assert "- [x] Read what is asked: 4 comments on lines and 1 more\n" in status


async def test_a_test_that_proves_nothing_any_more_is_said_and_a_text_of_people_is_left(tell: Tell) -> None:
    tame = change(
        PROOF,
        '        self.assertEqual(total(["2.50", "2.50"]), 500)\n',
        '        self.assertEqual(total(["2"]), 200)\n',
    )
    story = await tell([*GOOD, *revises(calls(edit(tame)), calls(finish("", "Whole prices are tested."))), met(True)])
    number, branch = await fixed(story)
    await comment(story, number, "/revise Test whole prices instead.")
    (final,) = await finals(story, number, 1)
    gone = "**No longer proved.** None of its new tests fails without the change and passes with it."
    assert gone in final
    body = (await pull(story, number))["body"]
    assert gone in body
    assert "400 != 500" not in body, "that was another test"
    assert git(story, "log", "-1", "--format=%B", branch).splitlines() == [
        "Whole prices are tested", "", f"Asked for in #{number} by mara."
    ]  # fmt: skip
    await story.request("PATCH", f"/pulls/{number}", {"body": "My own words."})
    story.script.extend([*revises(calls(edit(CONSTANT)), calls(finish("", "CENTS has a name."))), met(True)])
    await comment(story, number, "/revise Give the 100 a name.")
    await finals(story, number, 2)
    assert (await pull(story, number))["body"] == "My own words."


async def test_commits_of_people_are_never_overwritten_and_red_ci_is_looked_into_twice(tell: Tell) -> None:
    story = await tell([*GOOD])
    may_read_logs(story)
    number, branch = await fixed(story)

    async def pushes(_: Any) -> dict[str, Any]:
        await push(story, branch, {"README.md": "Hello\n"}, onto=branch)
        return calls(edit(CONSTANT))

    story.script.extend(
        [
            {"match": {"system": REVISE}, "reply": pushes},
            *revises(calls(finish("", "CENTS has a name."))),
            met(True),
        ]
    )
    written = await comment(story, number, "/revise Give the 100 a name.")
    (final,) = await finals(story, number, 1)
    assert "Somebody pushed to the branch while I worked." in final
    assert git(story, "show", f"{branch}:README.md") == "Hello"
    assert "CENTS" not in git(story, "show", f"{branch}:{PRICES}")
    assert await reactions(story, written) == ["eyes"]
    calls_before = len(story.script.requests)
    await red(story, branch, "E   assert 1 == 2")
    await story.hub.settled()
    assert len(await finals(story, number, 1)) == 1, "the head is somebody else's now"
    for attempt in (1, 2):
        await push(story, branch, {}, onto="main", message="Start over")
        story.script.extend([*revises(calls(edit(new_line(attempt))), calls(finish("", "A line."))), met(True)])
        await comment(story, number, f"/revise Add line {attempt}.")
        await finals(story, number, 2 * attempt)
        await red(story, branch, "E   assert 1 == 2" if attempt == 1 else "curl: Could not resolve host: pypi.org")
        await finals(story, number, 2 * attempt + 1)
    second, last = [text for text in await finals(story, number, 5) if "I changed nothing" in text][-2:]
    assert "I could not reproduce what CI saw: it is flaky" in second
    assert "CI's log speaks of its machine or network (“Could not resolve host”)" in last
    story.script.extend([*revises(calls(edit(new_line(3))), calls(finish("", "A line."))), met(True)])
    await comment(story, number, "/revise Add line 3.")
    await finals(story, number, 6)
    asked = len(story.script.requests)
    await red(story, branch, "E   assert 1 == 2")

    def given_up() -> bool:
        return any("CI still fails after 2 attempts of mine" in text for text in story.shown(number, "answer"))

    await story.until(given_up, what="the bot gives up politely")
    assert len(story.script.requests) == asked > calls_before, "nothing more was bought"
    assert len(await finals(story, number, 6)) == 6


def new_line(number: int) -> str:
    return f"docs/line{number}.md\n<<<<<<< SEARCH\n=======\nLine {number}\n>>>>>>> REPLACE\n"


async def test_what_ci_found_and_we_broke_is_mended(tell: Tell, tmp_path: Path) -> None:
    """The full suite takes longer than the policy lets it, so only CI runs the test that the fix breaks."""
    source = tmp_path / "source"
    shutil.copytree(SAMPLE, source)
    tests = source / "tests"
    (tests / "test_slow.py").write_text(
        "import time, unittest\n\n\nclass S(unittest.TestCase):\n    def test_slow(self):\n        time.sleep(60)\n"
    )
    (tests / "test_prices.py").write_text(
        "import unittest\n\n\nclass P(unittest.TestCase):\n    def test_whole_prices(self):\n"
        "        from basket.basket import total\n\n        self.assertEqual(total(['3']), 300, 'cents')\n"
    )
    (tests / "test_far.py").write_text(
        "import pathlib, unittest\n\n\nclass F(unittest.TestCase):\n    def test_far(self):\n"
        "        (text,) = [path.read_text() for path in pathlib.Path().glob('*/pri*.py')]\n"
        "        self.assertTrue(text.endswith('* 100\\n'), 'the last line')\n"
    )
    story = await tell([*GOOD], source=source, FORGEHAND_CHECKS='{"minutes": 0.2}')
    may_read_logs(story)
    number, branch = await fixed(story)
    mended = '    return int((cents + "00")[:2]) + int(whole) * 100\n'
    story.script.extend(
        [*revises(calls(edit(change(PRICES, FIX[1], mended))), calls(finish("", "The order is kept."))), met(True)]
    )
    await red(story, branch, "FAILED tests/test_far.py::F::test_far - AssertionError: the last line")
    (final,) = await finals(story, number, 1)
    assert "tests/test_far.py::F::test_far` fail on" in final
    assert "in the sandbox as well, and do not on the base branch." in final
    assert git(story, "show", f"{branch}:{PRICES}").endswith("* 100")
    assert f"For the failing checks of #{number}." in git(story, "log", "-1", "--format=%B", branch)
    body = (await pull(story, number))["body"]
    assert f"**Revised** in {git(story, 'rev-parse', branch)}, because its checks failed: The order is kept." in body
    asked = [each for each in story.script.requests if REVISE in each.text]
    assert "FAILED tests/test_far.py::F::test_far" in asked[0].text, "the model sees the log"
    assert rows(story, "select source from fh_task where flow = 'revise'") == [("ci",)]


async def test_what_fails_on_the_base_as_well_is_left_alone(tell: Tell, tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(SAMPLE, source)
    (source / "tests" / "test_broken.py").write_text(
        "import unittest\n\n\nclass B(unittest.TestCase):\n    def test_broken(self):\n        self.assertEqual(1, 2)\n"
    )
    story = await tell([*GOOD], source=source)
    number, branch = await fixed(story)
    head, asked = git(story, "rev-parse", branch), len(story.script.requests)
    await red(story, branch, "FAILED tests/test_broken.py::B::test_broken - AssertionError: 1 != 2")
    (final,) = await finals(story, number, 1)
    assert "`tests/test_broken.py::B::test_broken` fail on" in final
    assert "of the base branch, without this pull request." in final
    assert (git(story, "rev-parse", branch), len(story.script.requests)) == (head, asked)


async def test_fix_does_what_a_thread_says_on_branches_here_and_suggests_on_forks(tell: Tell) -> None:
    story = await tell([])
    await put(story, POLICY, NO_REVIEWS)
    good = SAMPLE.joinpath(PRICES).read_text().replace(*FIX)
    bad = good.replace('(cents + "00")[:2]', 'cents or "0"')
    number = await propose(story, {PRICES: bad}, branch="topic", title="Read cents")
    story.script.extend(
        [
            *revises(
                calls(edit(change(PRICES, '    return int(whole) * 100 + int(cents or "0")\n', FIX[1]))),
                calls(finish("", "Digits.")),
            ),
            met(True),
        ]
    )
    thread = await on_line(story, number, PRICES, 7, '/fix "2.5" is 250 cents')
    (final,) = await finals(story, number, 1)
    after = git(story, "rev-parse", "topic")
    assert final.startswith(f"I pushed {after} for what was asked.")
    assert git(story, "show", f"topic:{PRICES}") + "\n" == good
    assert await reactions(story, thread) == ["eyes"]
    (told,) = await threads(story, number)
    assert told["resolved"]
    other = await comment(story, number, "/revise Anything")
    assert "`/revise` changes pull requests that I opened." in (await answered(story, other))[0]

    stranger = story.hub.create_user("sam")
    fork = story.hub.fork(story.repository, "sam")
    theirs = await propose(story, {PRICES: bad}, branch="cents", title="Cents", by=stranger, fork=fork)
    story.script.extend(
        [
            *revises(
                calls(edit(change(PRICES, '    return int(whole) * 100 + int(cents or "0")\n', FIX[1]))),
                calls(finish("", "Digits.")),
            ),
            met(True),
        ]
    )
    refused = await on_line(story, theirs, PRICES, 7, "/fix please", by=stranger)
    assert "needs write permission" in (await answered(story, refused))[0]
    await on_line(story, theirs, PRICES, 7, '/fix "2.5" is 250 cents')
    (final,) = await finals(story, theirs, 1)
    assert final.startswith("I posted 1 suggestion and the whole change as a patch for what was asked.")
    assert "Code of a fork is not run here: nothing was tested." in final
    found = await story.request("GET", f"/pulls/{theirs}/comments")
    (block,) = [each for each in found if "```suggestion" in each["body"]]
    assert (block["path"], block["line"]) == (PRICES, 7)
    assert f"```suggestion\n{FIX[1]}```" in block["body"]
    asked = [each for each in story.script.requests if REVISE in each.text]
    assert all(tool != "run" for tool in asked[-1].tools), "nothing of a fork is executed"
