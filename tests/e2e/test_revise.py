"""A pull request is changed as people ask: reviews, /revise, /fix; and what is left alone."""

from __future__ import annotations

from simhub.faults import Fault
from tests.e2e.answers import FIX, GOOD, PROOF, calls, change, edit, finish
from tests.e2e.conftest import Tell
from tests.e2e.revisions import CONSTANT, NO_REVIEWS, PRICES, REVISE, finals, fixed, met, revises, threads
from tests.e2e.scenes import POLICY, SAMPLE, during, git, put
from tests.support.pulls import propose, pull
from tests.support.typing import Written, answered, comment, on_line, reactions

ONE_DIGIT = change(
    PROOF,
    '        self.assertEqual(total(["2.50", "2.50"]), 500)\n',
    '        self.assertEqual(total(["2.50", "2.50"]), 500)\n        self.assertEqual(total(["2.5"]), 250)\n',
)


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


async def test_a_thread_that_is_deleted_meanwhile_keeps_nobody_from_being_told(tell: Tell) -> None:
    story = await tell(GOOD)
    number, branch = await fixed(story)
    head = git(story, "rev-parse", branch)
    asked: list[Written] = []

    async def delete() -> None:
        await story.request("DELETE", f"/pulls/comments/{asked[-1].id}")

    finishes = during(revises(calls(finish("", "CENTS has a name.")))[0], delete)
    story.script.extend([*revises(calls(edit(CONSTANT))), finishes, met(True)])
    asked.append(await on_line(story, number, PRICES, 7, "/revise Give the 100 a name."))
    (final,) = await finals(story, number, 1)
    after = git(story, "rev-parse", branch)
    assert git(story, "rev-parse", f"{branch}^") == head
    assert final.startswith(f"I pushed {after} for what was asked.")

    story.hub.faults.add(Fault(path="*/replies", method="POST", status=403, body={"message": "Not now."}))
    story.script.extend([*revises(calls(edit(ONE_DIGIT)), calls(finish("", "One digit is covered."))), met(True)])
    await on_line(story, number, PROOF, 8, "/revise Cover one digit as well.")
    _, final = await finals(story, number, 2)
    assert final.startswith(f"I pushed {git(story, 'rev-parse', branch)} for what was asked.")
    assert "I could not answer in every thread: GitHub answered 403" in final
    story.hub.faults.clear()

    story.script.extend([during({"match": {"text": "why a hundred"}, "reply": {"text": "A price has cents."}}, delete)])
    asked.append(await on_line(story, number, PRICES, 7, "/ask why a hundred?"))
    *_, answer = await finals(story, number, 3)
    assert answer.startswith("A price has cents.")
