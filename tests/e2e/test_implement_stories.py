"""A feature that people are asked about, that survives kills, goes on from a plan, and is revised afterwards."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree, ignore_patterns

from handlers.fix.recipe import FIX
from simhub import Fault
from tests.e2e.answers import calls, change, edit, finish, new_file
from tests.e2e.conftest import Tell
from tests.e2e.features import (
    BODY,
    CHANGELOG,
    DRAFTED,
    DURATIONS,
    GOOD,
    LABEL,
    PLAN,
    PROVED,
    QUESTIONS,
    REVIEWED,
    STEPS,
    TITLE,
    WRITE,
    judged,
    planned,
    specified,
    worked,
)
from tests.e2e.revisions import finals, met, revises
from tests.e2e.scenes import POLICY, during, git, put, rows
from tests.e2e.test_results import five_parts
from tests.support.api import asker
from tests.support.story import Story
from tests.support.typing import answered, comment

STATES = "select state from fh_task where flow in ('plan', 'implement') order by created, id"
BEFORE = '    if unit == "w":\n'
DAYS = change("durations/parse.py", BEFORE, f'    if unit == "d":\n        return 86400\n{BEFORE}')


def states(story: Story) -> list[str]:
    return [state for (state,) in rows(story, STATES)]


def bought(story: Story) -> list[list[str]]:
    """What each task has paid for of draft and tests, in the order of the tasks."""
    found = []
    for (task,) in rows(story, "select id from fh_task where flow in ('plan', 'implement') order by created, id"):
        steps = [
            step for (step,) in rows(story, "select step from fh_model_call where task = ? order by created", task)
        ]
        found.append([step for step in steps if step.startswith(("specify", "plan", "review-plan", "prove"))])
    return found


async def test_it_asks_waits_and_goes_on_and_buys_nothing_twice(tell: Tell) -> None:
    unclear = specified(questions=QUESTIONS, requirements=[])
    rest = specified(questions=QUESTIONS[:1], requirements=[])
    story = await tell([unclear, rest, *GOOD], source=DURATIONS)
    await put(story, POLICY, "implement: { approval: always }\nreview: { on: [] }\n")
    number = await story.file(TITLE, BODY, label=LABEL)
    await story.until_status(number, "Waiting for answers. 2 questions are open.")
    (asked,) = (await story.comments(number))["questions"]
    assert "1. Is a week seven days? I would say so.\n2. Are seconds written too?" in asked
    await comment(story, number, "2. No, minutes are enough.")
    await story.until_status(number, "Waiting for answers. One question is open.")
    program = asker(story, story.maintainer)
    (waits,) = (await program.get("/api/v1/tasks?repository=octo/sample&state=awaiting_answer")).data["items"]
    said = {"text": "A week has seven days."}
    answer = await program.ask("POST", f"/api/v1/tasks/{waits['id']}/answer", said, Idempotency_Key="1")
    assert (answer.status, answer.data["parent"]) == (202, waits["id"])
    await story.until_status(number, "Waiting for approval. The plan is there: 2 steps, 3 files.")
    again = [one for one in story.script.requests if "First task: write a short specification" in one.text][2]
    assert "No, minutes are enough." in again.text
    assert "A week has seven days." in again.text
    assert "Is a week seven days?" in again.text, "its own questions stand beside the answers"
    await story.kill_bot()
    await story.start_bot()
    await comment(story, number, "/approve")
    await story.until_status(number, "Done. Opened")
    assert states(story) == ["done", "done", "done", "done"]
    first, between, second, third = bought(story)
    assert first == between == ["specify-0"]
    assert second == ["specify-0", "plan-0-0-0", "review-plan-0-0"]
    assert third == ["prove-0-0-ask", "prove-0-1-ask", "prove-0-trace"]
    assert len((await story.comments(number))["plan"]) == 1, "it is posted once"


async def test_it_goes_on_from_a_plan_and_a_kill_midway_changes_nothing(tell: Tell) -> None:
    *first, write, done = STEPS
    story = await tell([*DRAFTED, *PROVED, *first], source=DURATIONS)
    story.script.extend([during(write, story.kill_bot), write, done, judged()])
    await put(story, POLICY, "publish: { signed: true }\nreview: { on: [] }\n")
    number = await story.file(TITLE, BODY, label=None)
    await comment(story, number, "/plan")
    status = await story.until_status(number, "Done. Planned: 2 steps, 3 files.")
    assert "`/implement` goes on from this plan." in status
    assert await story.pulls() == []
    await comment(story, number, "/implement")
    await story.until(lambda: story.process is not None and story.process.returncode is not None, what="it is killed")
    await story.start_bot()
    await story.until_status(number, "Done. Opened")
    plan, implement = bought(story)
    assert plan == ["specify-0", "plan-0-0-0", "review-plan-0-0"]
    assert implement == ["prove-0-0-ask", "prove-0-1-ask", "prove-0-trace"]
    (pull,) = await story.pulls()
    commits = git(story, "log", "--format=%s", f"main..{pull['head']['ref']}").splitlines()
    assert commits == ["Write durations", "Parse weeks", "Add the acceptance tests"]


async def test_a_step_that_breaks_a_test_is_mended_and_more_files_than_a_fix_may_change_are_published(
    tell: Tell,
) -> None:
    broken = calls(edit(change("durations/parse.py", "        return 3600\n", "        return 360\n")))
    mended = calls(edit(change("durations/parse.py", "        return 360\n", "        return 3600\n")))
    careless = worked(broken, calls(finish()), mended)
    pages = "".join(new_file(f"docs/units/{number}.md", "A unit.\n") for number in range(FIX.gates.files))
    wide = worked(calls(edit(new_file("durations/write.py", WRITE) + CHANGELOG + pages)))
    story = await tell([*DRAFTED, *PROVED, *careless, *STEPS[:2], *wide, *STEPS[3:], judged()], source=DURATIONS)
    number = await story.file(TITLE, BODY, label=LABEL)
    await story.until_status(number, "Done. Opened")
    told = [
        one.text for one in story.script.requests if "These tests passed before this step and do not now." in one.text
    ]
    assert "tests/test_parse.py::test_hours" in told[0]
    (pull,) = await story.pulls()
    assert "return 3600" in git(story, "show", f"{pull['head']['ref']}~1:durations/parse.py")
    assert f"in {FIX.gates.files + 4} files" in pull["body"]


async def test_a_plan_is_split_once_into_an_issue_a_step(tell: Tell) -> None:
    story = await tell(DRAFTED, source=DURATIONS)
    number = await story.file(TITLE, BODY, label=None)
    await comment(story, number, "/plan split")
    await story.until_status(number, "Done. Split into 2 issues.")
    await story.request("PATCH", f"/issues/{number + 1}", {"state": "closed"})
    await comment(story, number, "/plan split")
    await story.until(lambda: states(story) == ["done", "done"], what="it is asked for twice")
    mine = [one for one in story.repository.issues.values() if one.user.id == story.app.bot_id]
    assert [one.title for one in mine] == ["Parse weeks", "Write durations"]
    assert mine[0].body.startswith(f"Part of #{number}.\n\n`seconds_in()` knows `w`.\n\nFiles: `durations/parse.py`.")
    assert "`2w` is two weeks. `parse_duration` returns 1209600" in mine[0].body
    first, second = (await story.comments(number))["split"]
    assert first == second
    assert f"sub-issues of this one now:\n\n- #{number + 1} Parse weeks\n- #{number + 2} Write durations" in first
    below = await story.request("GET", f"/issues/{number}/sub_issues")
    assert [one["number"] for one in below] == [number + 1, number + 2]
    issue = await story.request("GET", f"/issues/{number}")
    assert issue["sub_issues_summary"] == {"total": 2, "completed": 1, "percent_completed": 50}
    assert len((await story.comments(number))["plan"]) == 1
    assert bought(story) == [["specify-0", "plan-0-0-0", "review-plan-0-0"], []]


async def test_where_github_knows_no_sub_issues_the_plan_is_a_list_of_tasks(tell: Tell) -> None:
    story = await tell(DRAFTED, source=DURATIONS)
    story.hub.faults.add(Fault(method="GET", path="*/sub_issues", status=404, times=9))
    number = await story.file(TITLE, BODY, label=None)
    await comment(story, number, "/plan split")
    await story.until_status(number, "Done. Split into 2 issues.")
    (said,) = (await story.comments(number))["split"]
    assert f"issues now:\n\n- [ ] #{number + 1} Parse weeks\n- [ ] #{number + 2} Write durations" in said


async def test_a_plan_that_names_what_is_not_there_is_written_again(tell: Tell) -> None:
    wrong = [{"path": "durations/units.py", "new": False, "why": "It knows the units."}, *PLAN["files"]]
    objected = {
        **REVIEWED,
        "reply": calls(("verdict", {"objections": ["The README is forgotten."]})),
        "reusable": False,
    }
    guarded = [{"path": ".github/workflows/ci.yml", "new": True, "why": "It runs the tests."}, *PLAN["files"]]
    passed_over = planned(files=guarded, steps=PLAN["steps"][:1])
    turns = [specified(), planned(files=wrong), passed_over, planned(), objected, planned(), REVIEWED]
    story = await tell(turns, source=DURATIONS)
    number = await story.file(TITLE, BODY, label=None)
    await comment(story, number, "/plan Keep it small")
    await story.until_status(number, "Done. Planned")
    asked = [one.text for one in story.script.requests if "Task: plan how" in one.text]
    assert "`durations/units.py` does not exist" in asked[1]
    assert "`.github/workflows/ci.yml` is protected (CI, lock files, tool settings, or by policy)." in asked[2]
    assert "No step is for R2." in asked[2]
    assert "The README is forgotten." in asked[3]
    assert all("Keep it small" in text for text in asked)


async def test_the_result_is_revised_and_pull_requests_are_no_place_for_it(tell: Tell) -> None:
    revision = [*revises(calls(edit(DAYS)), calls(finish("", "Days are parsed."))), met(True)]
    story = await tell([*GOOD, *revision], source=DURATIONS)
    await put(story, POLICY, "review: { on: [] }\n")
    number = await story.file(TITLE, BODY, label=LABEL)
    await story.until_status(number, "Done. Opened")
    (pull,) = await story.pulls()
    (text,) = await answered(story, await comment(story, pull["number"], "/implement"))
    assert text == "`/implement` works on issues."
    await comment(story, pull["number"], "/revise Parse days too")
    (final,) = await finals(story, pull["number"], 1)
    assert final.startswith("I pushed ")
    assert "`test_weeks_are_seven_days` (new) | fails without the change" in final
    assert "return 86400" in git(story, "show", f"{pull['head']['ref']}:durations/parse.py")


async def test_a_program_has_it_made_from_a_report_as_a_patch(tell: Tell) -> None:
    story = await tell(GOOD, source=DURATIONS)
    program = asker(story, story.maintainer)
    body = {"repository": story.repository.full_name, "report": f"{TITLE}\n{BODY}"}
    task = (await program.ask("POST", "/api/v1/tasks/implement", body, Idempotency_Key="1")).data["id"]
    await story.until(lambda: states(story) == ["done"], what="it is done", show=lambda: show(story))
    result = (await program.get(f"/api/v1/tasks/{task}/result")).data
    assert result["form"] == "patch"
    assert "R2: Seconds are written." in result["report"]
    assert "11 of 13 small faults" in five_parts(result)["tests"]
    assert {one["name"] for one in result["artifacts"]} >= {"change.patch", "plan.json", "plan.md"}
    assert await story.pulls() == []


async def show(story: Story) -> str:
    return str(rows(story, "select state, result from fh_task"))


async def test_in_a_repository_without_tests_nothing_is_called_verified(tell: Tell, tmp_path: Path) -> None:
    source = copytree(DURATIONS, tmp_path / "bare", ignore=ignore_patterns("tests"))
    done = {**worked(calls(finish()))[0], "reusable": True}
    story = await tell([*DRAFTED, *PROVED, *STEPS, done], source=source)
    number = await story.file(TITLE, BODY, label=LABEL)
    status = await story.until_status(number, "Stopped", "Failed", "Done")
    assert status.startswith("Stopped without a verified feature."), status
    final = (await story.comments(number))["final"][0]
    assert "No test passed before the change, so nothing shows what it may have broken." in final
