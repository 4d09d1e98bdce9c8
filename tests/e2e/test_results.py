"""What a program asks for and gets in the task's result: a patch, a branch, an answer, a document."""

from __future__ import annotations

import subprocess
from typing import Any

from tests.doors.api.test_events import follow
from tests.e2e.answers import BODY, FIX, GOOD, PROOF, TITLE, calls, change, edit, finish
from tests.e2e.conftest import Tell
from tests.e2e.reading import BUGGY, PROVED, QUIET, finding, reports
from tests.e2e.revisions import PRICES, met, revises
from tests.e2e.scenes import POLICY, SAMPLE, branches, git, put, rows
from tests.e2e.test_commands_pulls import DESCRIPTION, SUGGESTIONS
from tests.support.api import Answer, Asker, asker
from tests.support.pulls import propose, remarks, reviewed, reviews, runs
from tests.support.story import Story
from tests.support.typing import answered, comment, final, on_line

NOT_MEASURED = {"measured": False, "text": "Nothing measured this."}
NOT_TIMED = {"measured": False, "text": "Nothing was timed. Only `/optimize` compares the time that code takes."}
ENTRY = "- Prices keep their cents (#1)."


async def finished(program: Asker, started: Answer) -> dict[str, Any]:
    """The result of a task once it has ended."""
    assert started.status == 202, started.text
    task = started.data["id"]
    _ = [event async for event in follow(program, task)]
    return dict((await program.get(f"/api/v1/tasks/{task}/result")).data)


def five_parts(result: dict[str, Any]) -> dict[str, str]:
    """What a result tells of each part of the change: what was measured, or why nothing was."""
    parts = {name: str(part["text"]) for name, part in result["parts"].items()}
    assert list(parts) == ["implementation", "tests", "documentation", "performance", "security"]
    assert not {"", NOT_MEASURED["text"]} & set(parts.values())
    return parts


async def fetched(program: Asker, result: dict[str, Any]) -> dict[str, Answer]:
    """Everything that a task left, by name, as it says it would be."""
    found = {}
    for each in result["artifacts"]:
        answer = await program.get(each["url"])
        assert answer.status == 200
        counted = None if each["name"] == "log.txt" else len(answer.text.encode())  # it is written as it is fetched
        assert (counted, each["cut"]) == (each["size"], False)
        assert answer.headers["Content-Type"] == f"{each['media_type']}; charset=utf-8"
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{each["name"]}"'
        found[each["name"]] = answer
    return found


def applied(story: Story, base: str, patch: str) -> list[str]:
    """What ``git apply`` changes in a checkout of ``base``."""
    folder = story.root / "applied"
    subprocess.run(["git", "clone", "-q", str(story.repository.path), str(folder)], check=True)
    subprocess.run(["git", "-C", str(folder), "checkout", "-q", base], check=True)
    subprocess.run(["git", "-C", str(folder), "apply", "--index"], input=patch, text=True, check=True)
    done = subprocess.run(["git", "-C", str(folder), "diff", "--cached", "--name-only"], capture_output=True, text=True)
    return done.stdout.split()


def untold(story: Story, number: int) -> bool:
    """Whether nobody was told anything on GitHub."""
    issue = story.repository.issues[number]
    return (
        not issue.comments and not issue.reactions and not any(item.pull for item in story.repository.issues.values())
    )


async def test_a_fix_ends_in_a_patch_or_a_branch_and_nobody_is_told(tell: Tell) -> None:
    story: Story = await tell(GOOD * 2)
    program = asker(story, story.maintainer)
    number = await story.file(TITLE, BODY, label=None)
    before = branches(story)

    result = await finished(program, await program.start("fix", number, deliver="result"))
    assert (result["form"], result["state"], result["pull_request"], result["branch"]) == ("patch", "done", None, None)
    left = await fetched(program, result)
    assert sorted(left) == ["change.patch", "evidence.json", "log.txt", "report.md"]
    patch = left["change.patch"].text
    assert applied(story, result["base_sha"], patch) == ["basket/prices.py", PROOF]
    evidence = left["evidence.json"].data
    assert (evidence["verified"], evidence["base_sha"], evidence["proof"]["runs"]) == (True, result["base_sha"], 3)
    assert evidence["gates"]["files"] == ["basket/prices.py", PROOF]
    assert all(gate["passed"] for gate in evidence["gates"]["gates"])
    assert "stage=publish state=done" in left["log.txt"].text
    assert left["report.md"].text.startswith("**Cause.** Cents are dropped.")
    parts = result["parts"]
    assert parts["performance"] == NOT_TIMED
    assert parts["documentation"]["text"].startswith("No document was changed.")
    assert all(f"- **{name.capitalize()}.** {part['text']}" in left["report.md"].text for name, part in parts.items())
    assert parts["implementation"]["text"].startswith("1 file changed: basket/prices.py. A second model call (thinker)")
    assert parts["tests"]["text"].startswith(
        "1 new test fails without the change (3 of 3 runs); with it: passes, 3 of 3."
    )
    assert parts["security"]["text"] == "Credentials in added lines: 0 found. Protected paths: none touched."
    assert branches(story) == before
    assert untold(story, number)

    result = await finished(program, await program.start("fix", number, deliver="branch"))
    assert (result["form"], result["state"], result["pull_request"]) == ("branch", "done", None)
    assert branches(story) == sorted([*before, result["branch"]])
    assert git(story, "rev-parse", result["branch"]) == result["head_sha"]
    assert git(story, "diff", result["base_sha"], result["head_sha"]) == patch.strip()
    assert untold(story, number)


async def test_a_fix_needs_no_issue(tell: Tell) -> None:
    story: Story = await tell(GOOD)
    program = asker(story, story.maintainer)
    number = await story.file("Other", "Nothing of it.", label=None)
    for given in ({}, {"report": " \n"}):
        answer = await program.start("fix", None, **given)
        assert (answer.status, "Say what it is about: the `number`" in answer.data["detail"]) == (409, True)
    answer = await program.start("fix", number, report="Cents")
    assert (answer.status, "leave `report` out" in answer.data["detail"]) == (409, True)
    answer = await program.start("fix", None, report="Cents", deliver="github")
    assert (answer.status, "no place on GitHub" in answer.data["detail"]) == (409, True)

    started = await program.start("fix", None, report=f"{TITLE}\n\n{BODY}", deliver="branch")
    result = await finished(program, started)
    assert (result["form"], result["state"], started.data["number"]) == ("branch", "done", None)
    assert result["branch"] == f"forgehand/fix-0-{started.data['id']}"
    message = git(story, "log", "-1", "--format=%B", result["branch"])
    assert message.startswith(f"Fix: {TITLE}")
    assert "Fixes #" not in message
    assert "Fixes #" not in result["report"]
    shown = [each.user for each in story.script.requests]
    assert any(BODY.splitlines()[0] in text for text in shown)
    assert untold(story, number)


async def test_questions_and_documents_are_answered_in_the_result(tell: Tell) -> None:
    story: Story = await tell([])
    await put(story, POLICY, "review: { on: [] }\n")
    await put(story, "CHANGELOG.md", "# Changes\n\n- Baskets have totals (#7).\n")
    asked = ["about the repository as a whole", "Where are prices rounded?"]
    story.script.on({"text": "In `basket/prices.py:6`."}, text=asked)
    story.script.on({"text": ENTRY}, text=["Baskets have totals", "A hundred cents"])
    story.script.on({"text": "It is a constant."}, text="Explain the lines of the thread")
    number = await propose(story, {"basket/cents.py": "CENTS = 100\n"}, title="A hundred cents")
    program = asker(story, story.maintainer)

    result = await finished(program, await program.start("ask", None, text="Where are prices rounded?"))
    head = git(story, "rev-parse", "main")
    root = f"{story.hub.url}/octo/sample/blob/{head}/basket/prices.py"
    assert (result["form"], result["parts"]["tests"]) == ("answer", NOT_MEASURED)
    assert result["report"].startswith(f"In [`basket/prices.py:6`]({root}#L6).")
    assert (await fetched(program, result))["report.md"].text == result["report"]

    result = await finished(program, await program.start("changelog", number, deliver="result"))
    assert (result["form"], ENTRY in result["report"]) == ("document", True)
    assert {each["name"]: each["kind"] for each in result["artifacts"]}["report.md"] == "document"
    assert not story.repository.issues[number].comments
    assert not story.repository.issues[number].reactions

    line = await on_line(story, number, "basket/cents.py", 1, "What is that?")
    result = await finished(program, await program.start("explain", number, thread=line.id))
    assert (await final(story, line)).startswith("It is a constant.")
    assert result["report"].startswith("It is a constant.")
    assert story.script.unmatched == []


async def test_a_review_is_told_in_its_result_and_later_ones_do_not_build_on_it(tell: Tell) -> None:
    story: Story = await tell([reports(finding()), reports(finding()), QUIET, PROVED])
    await put(story, POLICY, "review: { on: [] }\n")
    number = await propose(story, {PRICES: BUGGY}, title="Read cents")
    program = asker(story, story.maintainer)

    result = await finished(program, await program.start("review", number, deliver="result"))
    assert (result["form"], result["state"]) == ("document", "done")
    assert result["report"].startswith("I read the one changed file: 1 bug.")
    (remark,) = result["remarks"]
    assert (remark["path"], remark["line"]) == (PRICES, 7)
    assert "**Bug: One digit of cents is taken for cents**" in remark["text"]
    assert '```suggestion\n    return int(whole) * 100 + int((cents + "00")[:2])\n```' in remark["text"]
    assert result["parts"]["implementation"]["text"].startswith("Read by thinker, checker: 1 new finding (bug: One")
    assert not story.repository.issues[number].comments
    assert not story.repository.issues[number].reactions
    assert await reviews(story, number) == runs(story, number) == []
    assert rows(story, "select * from fh_finding") == []
    (told,) = await answered(story, await comment(story, number, "/status"))
    assert ("its result is for whoever asked" in told, "bug" in told) == (True, False)

    await story.request("POST", f"/issues/{number}/comments", {"body": "/review"})
    run = await reviewed(story, number)
    assert (run["conclusion"], run["output"]["title"]) == ("neutral", "1 bug")
    assert [each["line"] for each in await remarks(story, number)] == [7]

    # what is known by now costs nothing, and the newest push is nobody's reason to stop or to show it
    asked = len(story.script.requests)
    result = await finished(program, await program.start("review", number, deliver="result"))
    assert [each["path"] for each in result["remarks"]] == [PRICES]
    assert (len(story.script.requests), len(runs(story, number))) == (asked, 1)


async def test_a_pull_request_is_revised_described_and_improved_in_results(tell: Tell) -> None:
    story: Story = await tell([])
    await put(story, POLICY, "review: { on: [] }\n")
    good = SAMPLE.joinpath(PRICES).read_text().replace(*FIX)
    bad = good.replace('(cents + "00")[:2]', 'cents or "0"')
    wrong = '    return int(whole) * 100 + int(cents or "0")\n'
    number = await propose(story, {PRICES: bad}, branch="topic", title="Read cents")
    head = git(story, "rev-parse", "topic")
    program = asker(story, story.maintainer)
    demand = [*revises(calls(edit(change(PRICES, wrong, FIX[1]))), calls(finish("", "Digits."))), met(True)]
    story.script.extend(demand)
    story.script.on(calls(("describe", DESCRIPTION)), system="You describe")
    story.script.on(calls(("improve", {"suggestions": SUGGESTIONS[:1]})), system="You suggest")
    line = await on_line(story, number, PRICES, 7, '"2.5" is 250 cents')

    result = await finished(program, await program.start("fix", number, thread=line.id, deliver="result"))
    assert (result["task"], result["form"], result["state"]) == ("revise", "patch", "done")
    assert (result["base_sha"], result["head_sha"]) == (head, None)
    patch = (await fetched(program, result))["change.patch"].text
    assert applied(story, head, patch) == [PRICES]
    assert "I made a patch for what was asked." in result["report"]
    assert result["parts"]["performance"] == NOT_TIMED

    result = await finished(program, await program.start("describe", number, deliver="result"))
    assert (result["form"], "**Cents are read**" in result["report"]) == ("document", True)
    result = await finished(program, await program.start("improve", number, deliver="result"))
    assert (result["form"], "`basket/prices.py:7`" in result["report"]) == ("answer", True)

    pull = await story.request("GET", f"/pulls/{number}")
    assert (pull["body"] or "", pull["head"]["sha"]) == ("", head)
    assert [each["id"] for each in await story.request("GET", f"/pulls/{number}/comments")] == [line.id]
    assert not story.repository.issues[number].comments
    assert story.script.unmatched == []
