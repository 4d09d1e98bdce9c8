"""What tasks leave: who may fetch it, without credentials, cut where it is too long; and the parts of a change."""

from __future__ import annotations

from typing import Any

from bot.change.handover import tell_parts
from bot.change.records import Baseline, Brief, Failure, Gate, GateReport, Proof
from bot.git.changes import Changes
from bot.store import artifacts, tasks
from bot.work.artifacts import MAX_TEXT, make
from bot.work.results import Part
from handlers.fix.judge import Counterexample, FixEvidence
from tests.support.api import Asker, asker, opened
from tests.support.story import Story

KEY = "sk-ant-" + "a" * 30


def leave(story: Story, task: str, name: str, text: str) -> None:
    """Keep a patch as a task does."""
    made = make(name, "patch", text, ())
    with opened(story) as store:
        store.run_sync(lambda connection: artifacts.put(connection, task, made.row, made.text))


async def begun(story: Story) -> tuple[Asker, str]:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    return program, (await program.start("fix", number)).data["id"]


async def test_what_a_task_left_is_listed_and_fetched_by_its_readers(story: Story) -> None:
    program, task = await begun(story)
    leave(story, task, "change.patch", f"+old\n+{KEY}\n")
    leave(story, task, "change.patch", f"+new\n+{KEY}\n")
    listed = (await program.get(f"/api/v1/tasks/{task}/artifacts")).data["items"]
    assert [(each["name"], each["kind"], each["media_type"]) for each in listed] == [
        ("change.patch", "patch", "text/x-diff"),
        ("log.txt", "log", "text/plain"),
    ]
    patch = await program.get(listed[0]["url"])
    assert (patch.text, patch.headers["X-Content-Type-Options"]) == ("+new\n+[Anthropic key removed]\n", "nosniff")
    assert "queued flow=fix" in (await program.get(listed[1]["url"])).text
    missing = await program.get(f"/api/v1/tasks/{task}/artifacts/report.md")
    assert (missing.status, "left no `report.md`" in missing.text) == (404, True)
    story.repository.private = True
    stranger = asker(story, story.hub.create_user("zed"), "read", "run")
    for path in ("artifacts", "artifacts/change.patch"):
        assert (await stranger.get(f"/api/v1/tasks/{task}/{path}")).status == 404


async def test_a_report_stands_in_the_result_and_beside_it(story: Story) -> None:
    program, task = await begun(story)
    result = {"state": "done", "summary": "", "data": {"form": "document", "report": f"# {KEY}", "more": 1}}
    with opened(story) as store:
        store.run_sync(lambda connection: tasks.close(connection, task, "done", result))
    told = (await program.get(f"/api/v1/tasks/{task}/result")).data
    assert (told["form"], told["report"], told["data"]) == ("document", "# [Anthropic key removed]", {"more": 1})
    assert [each["kind"] for each in told["artifacts"]] == ["log", "document"]
    assert (await program.get(told["artifacts"][1]["url"])).text == "# [Anthropic key removed]"


async def test_a_result_that_an_earlier_version_wrote_can_be_read(story: Story) -> None:
    program, task = await begun(story)
    result = {"state": "done", "summary": "Opened #2", "data": {"url": "https://x/pull/2", "head_sha": "c0ffee"}}
    with opened(story) as store:
        store.run_sync(lambda connection: tasks.close(connection, task, "done", result))
    told = (await program.get(f"/api/v1/tasks/{task}/result")).data
    assert (told["pull_request"], told["form"], told["base_sha"]) == ("https://x/pull/2", None, None)


def test_texts_are_cut_and_hold_nothing_that_a_database_refuses() -> None:
    long = make("log.txt", "log", "é" * (MAX_TEXT + 1), ())
    assert (len(long.text), long.row.cut, long.row.size) == (MAX_TEXT, True, len(long.text.encode()))
    assert long.text.endswith("longer than a million characters]\n")
    odd = make("log.txt", "log", "a\x00b\ud800c secret-of-ours", ("secret-of-ours",))
    assert (odd.text, odd.row.cut) == ("ab?c [secret removed]", False)


def evidence(**given: Any) -> FixEvidence:
    brief = Brief(nonce="n", title="T", body="", base_branch="main", base_sha="b" * 40)
    return FixEvidence.model_construct(task=None, brief=brief, **given)


def report(files: dict[str, str | None], *gates: Gate, tests: tuple[str, ...] = ()) -> GateReport:
    return GateReport(base_sha="b" * 40, changes=Changes(files=files), gates=gates, tests=tests, command="", seconds=1)


PROOF = Proof(
    files=Changes(files={"t.py": "def test_a(): ..."}),
    targets=("t.py",),
    tests=("t.py::a", "t.py::b"),
    failures=(Failure(test="t.py::a", phase="call", message="m"),),
    runs=3,
    reason="",
    command="pytest",
)


def test_parts_say_only_what_ran() -> None:
    nothing = tell_parts(evidence())
    why = Part(measured=False, text="Nothing was changed, so there was nothing to measure.")
    assert [part for _, part in nothing] == [why] * 5
    proved = tell_parts(evidence(proof=PROOF))
    assert proved.tests.text == ("2 new tests fail without the change (3 of 3 runs); nothing was run with a change.")
    assert proved.implementation == proved.security == why


def test_parts_of_a_change_that_did_not_pass() -> None:
    base = Baseline(scope="full suite", targets=(), command="pytest", verdicts={}, seconds=1, tier="bubblewrap")
    gates = (
        Gate(name="regressions", passed=False, before="3 pass", after="2 pass, 1 fail"),
        Gate(name="secrets", passed=False, after="1 found", detail="OpenAI key"),
        Gate(name="paths", passed=False, after="2 files", detail=".github/workflows/ci.yml"),
    )
    files: dict[str, str | None] = {f"a{number}.py": "" for number in range(12)} | {"README.md": "", "test_a.py": ""}
    told = tell_parts(evidence(baseline=base, report=report(files, *gates, tests=("test_a.py",))))
    assert told.implementation.text.startswith("12 files changed: a0.py, a1.py,")
    assert told.implementation.text.endswith("a9.py and 2 more. No second model has read it.")
    assert told.tests.text == (
        "full suite, bubblewrap: 3 pass before; 2 pass, 1 fail now. 1 file of tests changed: test_a.py."
    )
    assert told.documentation.text == "1 file of documentation changed: README.md."
    assert told.security.text == "Credentials in added lines: 1 found. Protected paths: .github/workflows/ci.yml."


def test_a_judge_that_objects_is_quoted() -> None:
    judgement = Counterexample(model="checker", passed=False, reason="", objection="It drops the cents.")
    told = tell_parts(evidence(report=report({"a.py": ""}), judgement=judgement))
    assert told.implementation.text == (
        "1 file changed: a.py. A second model call (checker) objects: It drops the cents."
    )
