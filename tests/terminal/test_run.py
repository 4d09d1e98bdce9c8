"""``forgehand run --repo OWNER/NAME``: what is asked, what is shown, how it ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.local.hosting import free_port
from bot.store import artifacts, tasks
from bot.store.artifacts import ArtifactRow
from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import rows
from tests.support.api import asker, opened
from tests.support.story import Story
from tests.support.terminal import Said, Typed, at, plain, seen, typed, typing
from tests.support.within import within

STEER = "\x1b]0;mine\x07\x1b[2Jgone\u202e\x9b31m"
ASK = ("run", "ask", "--repo", "octo/sample", "--text", "Why?")


def add(story: Story, task: str, kind: str, data: dict[str, Any]) -> None:
    with opened(story) as store:
        store.run_sync(lambda connection: tasks.add_event(connection, task, kind, data))


def end(story: Story, task: str, state: str, summary: str = "It ended.", **data: Any) -> None:
    result = {"state": state, "summary": summary, "data": data}
    with opened(story) as store:
        store.run_sync(lambda connection: tasks.close(connection, task, state, result))


async def begun(story: Story, running: Typed) -> str:
    """The task that a command has started, once it says so."""

    def look() -> bool:
        assert running.process.returncode is None, running.err
        return running.err.startswith("Task ")

    await story.until(look, what="the command names its task")
    return running.err.split()[1].rstrip(":")


async def ended(story: Story, state: str, *argv: str, **data: Any) -> Said:
    """A command whose task ends in this state."""
    number = await story.file("A", "B", label=None)
    async with typing(*ASK, "--issue", str(number), *argv, **at(story)) as running:
        end(story, await begun(story, running), state, **data)
        return Said(await running.process.wait(), running.out, running.err)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("done", 0),
        ("failed", 1),
        ("cancelled", 1),
        ("dead", 1),
        ("unverified", 3),
        ("refused", 4),
        ("awaiting_answer", 6),
    ],
)
async def test_the_exit_code_says_how_the_task_ended(story: Story, state: str, code: int) -> None:
    said = await ended(story, state, report="**Because.**")
    assert (said.code, said.out) == (code, "**Because.**\n")
    assert f"{state.replace('_', ' ').capitalize()}. It ended. $0.00, 0 model calls." in said.err


async def test_what_is_typed_is_what_the_task_is_asked_for(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    async with typing(*ASK, "--issue", f"#{number}", **at(story)) as running:
        task = await begun(story, running)
        found = rows(story, "select flow, source, number, json_extract(argument, '$.input.text') from fh_task")
        assert found == [("ask", "terminal", number, "Why?")]
        assert rows(story, "select action, allowed, actor from fh_audit") == [("start ask", 1, "mara")]
        end(story, task, "done")


async def test_a_report_stands_in_for_an_issue(story: Story) -> None:
    given = ("--report", "Cents are lost\n\nAll of them.", "--deliver", "branch")
    async with typing("run", "fix", "--repo", "octo/sample", *given, **at(story)) as running:
        task = await begun(story, running)
        subject = "json_extract(argument, '$.subject.title'), json_extract(argument, '$.subject.body')"
        outlet = "json_extract(argument, '$.origin.outlet')"
        found = rows(story, f"select number, {subject}, {outlet} from fh_task")
        assert found == [(None, "Cents are lost", "All of them.", "branch")]
        end(story, task, "done")


async def test_stages_are_told_as_they_happen_and_never_twice(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    async with typing(*ASK, "--issue", str(number), **at(story)) as running:
        task = await begun(story, running)
        for state in ("started", "done"):
            add(
                story, task, "stage", {"stage": "look", "state": state, "text": "two\nfiles" if state == "done" else ""}
            )
        await story.until(lambda: "Look at the code: done (two files)" in running.err, what="a stage is told")
        add(story, task, "stage", {"stage": "new-in-this-version", "state": "failed", "text": ""})
        add(story, task, "retry", {"step": "answer", "error": "ModelDown"})
        end(story, task, "done")
        assert await running.process.wait() == 0
    lines = [line.partition("  ")[2] for line in running.err.splitlines()[1:-1]]
    assert lines == [
        "Queued",
        "Look at the code...",
        "Look at the code: done (two files)",
        "new-in-this-version: not passed",
        "A step is tried again: answer",
    ]


async def test_json_is_the_result_as_the_api_gives_it(story: Story) -> None:
    said = await ended(story, "done", "--json", branch="forgehand/x", url="https://github.com/octo/sample/pull/3")
    (task,) = rows(story, "select id from fh_task")[0]
    answer = await asker(story, story.maintainer).get(f"/api/v1/tasks/{task}/result")
    assert said.data == answer.data
    assert (said.code, len(said.out.splitlines())) == (0, 1)


async def test_what_was_made_is_named_and_remarks_stand_with_their_places(story: Story) -> None:
    remarks = [{"path": "a.py", "line": 3, "text": "**Bug.**"}, {"path": "b.py", "line": None, "text": "Why?"}]
    made = {"branch": "forgehand/x", "url": "https://github.com/octo/sample/pull/3", "remarks": remarks}
    said = await ended(story, "done", report="Fixed.", **made)
    named = ["Pull request: https://github.com/octo/sample/pull/3", "Branch: forgehand/x", "Fixed."]
    assert said.out.splitlines() == [*named, "", "a.py:3", "**Bug.**", "", "b.py", "Why?"]


async def test_a_patch_stands_alone_and_as_it_is(story: Story) -> None:
    patch = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\x0c = 1\n+b\u200d = 1\n"
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("ask", number, text="Why?")).data["id"]
    with opened(story) as store:
        row = ArtifactRow("change.patch", "patch", len(patch.encode()), cut=False)
        store.run_sync(lambda connection: artifacts.put(connection, task, row, patch))
    end(story, task, "done", form="patch", report="```diff\n+evil\n```")
    said = await typed("tasks", "show", task, **at(story))
    assert (said.code, "+evil" in said.err) == (0, True), said.err
    assert said.out.endswith(patch)
    assert "+evil" not in said.out
    shown = await seen(80, "tasks", "show", task, **at(story))
    assert "b = 1" in plain(shown)
    assert "\u200d" not in shown


async def test_no_text_of_a_task_steers_the_terminal(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    for argv in ([], ["--json"], ["--plain"]):
        async with typing(*ASK, "--issue", str(number), *argv, **at(story)) as running:
            task = await begun(story, running)
            add(story, task, "stage", {"stage": STEER, "state": STEER, "text": STEER})
            add(story, task, "retry", {"step": STEER, "error": ""})
            remarks = [{"path": STEER, "line": 1, "text": STEER}]
            end(story, task, "done", STEER, report=STEER, branch=STEER, url=STEER, remarks=remarks)
            assert await running.process.wait() == 0
        for shown in (running.out, running.err):
            assert not set(STEER) & set(shown) - set("0;mine[2Jgone31m]"), argv


async def test_a_link_cannot_hide_where_it_leads(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("ask", number, text="Why?")).data["id"]
    end(story, task, "done", report="See [https://github.com](https://evil.example/).")
    shown = await seen(80, "tasks", "show", task, **at(story))
    assert "https://evil.example/" in shown
    assert "\x1b]8;" not in shown


REFUSED: dict[str, tuple[Callable[[dict[str, str]], dict[str, str]], list[str], int, str]] = {
    "no such issue": (dict, [*ASK, "--issue", "999"], 4, "octo/sample has no issue or pull request 999."),
    "no such repository": (dict, ["run", "ask", "--repo", "octo/none", "--text", "a", "--issue", "1"], 4, ""),
    "text too long": (
        dict,
        ["run", "ask", "--repo", "octo/sample", "--text", "a" * 9_000, "--issue", "1"],
        2,
        "body.text",
    ),
    "token unknown": (
        lambda env: env | {"FORGEHAND_TOKEN": "fhp_x"},
        [*ASK, "--issue", "1"],
        4,
        "The token is unknown",
    ),
    "no token": (lambda env: env | {"FORGEHAND_TOKEN": ""}, [*ASK, "--issue", "1"], 2, "set FORGEHAND_TOKEN"),
    "token is two lines": (lambda env: env | {"FORGEHAND_TOKEN": "a\nb"}, [*ASK, "--issue", "1"], 2, "no token has"),
    "no server": (
        lambda env: env | {"FORGEHAND_SERVER_URL": ""},
        [*ASK, "--issue", "1"],
        2,
        "set FORGEHAND_SERVER_URL",
    ),
    "not encrypted": (dict, [*ASK, "--issue", "1", "--server", "http://forgehand.example"], 2, "Use https"),
    "no address": (dict, [*ASK, "--issue", "1", "--server", "forgehand.example"], 2, "is not a server's address"),
    "nobody there": (dict, [*ASK, "--issue", "1", "--server", "http://127.0.0.1:{port}"], 5, "cannot be reached"),
    "not a Forgehand": (dict, [*ASK, "--issue", "1", "--server", "http://127.0.0.1:{hub}"], 5, "Is it a Forgehand?"),
    "no subject": (dict, ["run", "fix", "--repo", "octo/sample"], 2, "Give --issue or --pr"),
    "two subjects": (dict, [*ASK, "--issue", "1", "--pr", "2"], 2, "one of --issue and --pr"),
    "a file": (dict, [*ASK, "--issue", "bug.md"], 2, "bug.md is not a number"),
    "of a checkout": (dict, [*ASK, "--issue", "1", "--test", "pytest"], 2, "--test goes with a PATH only"),
    "of a server": (
        dict,
        ["run", "ask", "--repo", ".", "--text", "a", "--issue", "x", "--server", "x"],
        2,
        "--server goes",
    ),
    "neither": (
        dict,
        ["run", "ask", "--repo", "./nowhere", "--text", "a", "--issue", "1"],
        2,
        "neither OWNER/NAME nor",
    ),
    "no task": (dict, ["run", "fly", "--repo", "octo/sample"], 2, "No such command 'fly'"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_asked_is_told_with_its_exit_code(story: Story, name: str) -> None:
    change, argv, code, words = REFUSED[name]
    environment = change(at(story))
    ports = {"{port}": str(free_port()), "{hub}": story.hub.url.rpartition(":")[2]}
    filled = [next((each.replace(name, port) for name, port in ports.items() if name in each), each) for each in argv]
    said = await typed(*filled, **environment)
    assert (said.code, said.out) == (code, ""), said.err
    assert words in " ".join(said.err.split())
    assert "Traceback" not in said.err
    assert "fhp_" not in said.err.replace("`fhp_...`", "")
    assert rows(story, "select 1 from fh_task") == []


async def test_whoever_may_not_is_refused_and_it_is_audited(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    reader = story.hub.create_user("ann")
    story.hub.set_permission(story.repository, "ann", "read")
    said = await typed(*ASK, "--issue", str(number), **at(story, asker(story, reader)))
    assert (said.code, "write" in said.err) == (4, True), said.err
    assert rows(story, "select action, allowed, actor from fh_audit") == [("start ask", 0, "ann")]


async def test_a_token_is_read_from_a_file(story: Story, tmp_path: Path) -> None:
    file = tmp_path / "token"
    environment = at(story)
    file.write_text(f"{environment.pop('FORGEHAND_TOKEN')}\n")
    said = await typed("tasks", "list", "--repo", "octo/sample", "--json", "--token-file", str(file), **environment)
    assert (said.code, said.data) == (0, []), said.err


async def test_ctrl_c_leaves_the_task_to_the_server(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    async with typing(*ASK, "--issue", str(number), **at(story)) as running:
        task = await begun(story, running)
        await story.until(lambda: "Queued" in running.err, what="the stream is open")
        running.process.send_signal(signal.SIGINT)
        assert await running.process.wait() == 130
        assert f"`forgehand tasks cancel {task}` stops it" in running.err
        assert "Traceback" not in running.err
    assert rows(story, "select state, cancel from fh_task") == [("queued", None)]


async def cut_short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    """A connection through a proxy that closes every stream of events behind the first of them."""
    there, back = await asyncio.open_connection("127.0.0.1", port)

    async def send() -> None:
        while data := await reader.read(65_536):
            back.write(data)
        back.close()

    sending = asyncio.create_task(send())
    held = b""
    while data := await there.read(65_536):
        writer.write(data)
        held += data
        if b"\ndata: " in held and b"\n\n" in held.partition(b"\ndata: ")[2]:
            break
    writer.close()
    sending.cancel()


async def test_a_stream_that_is_cut_off_goes_on_behind_its_last_event(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    proxy = await asyncio.start_server(lambda r, w: cut_short(r, w, story.port), "127.0.0.1", 0)
    async with proxy:
        url = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
        async with typing(*ASK, "--issue", str(number), **(at(story) | {"FORGEHAND_SERVER_URL": url})) as running:
            task = await begun(story, running)
            for stage in ("read", "look", "answer"):
                add(story, task, "stage", {"stage": stage, "state": "done", "text": ""})
            end(story, task, "done")
            assert await running.process.wait() == 0, running.err
    lines = [line.partition("  ")[2] for line in running.err.splitlines()[1:-1]]
    assert lines == ["Queued", "Read what is asked: done", "Look at the code: done", "Answer: done"]


async def test_a_server_that_is_busy_is_asked_again_when_it_says(tmp_path: Path) -> None:
    async with within(tmp_path, SAMPLE, api_requests_a_minute=60) as story:
        program = asker(story, story.maintainer)
        while (await program.get("/api/v1/task-types")).status != 429:
            pass
        said = await typed("tasks", "list", "--repo", "octo/sample", "--json", **at(story, program))
        assert (said.code, said.data) == (0, []), said.err


async def test_a_list_of_stages_is_kept_on_the_screen(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    looking = asyncio.create_task(seen(50, *ASK, "--issue", str(number), **at(story)))
    await story.until(lambda: rows(story, "select 1 from fh_task"), what="the task is there")
    (task,) = rows(story, "select id from fh_task")[0]
    add(story, task, "stage", {"stage": "read", "state": "done", "text": "with a text that is longer than the line is"})
    add(story, task, "stage", {"stage": "look", "state": "started", "text": ""})
    end(story, task, "unverified")
    screen = [line.rstrip() for line in plain(await looking).splitlines()]
    assert [line for line in screen if line.startswith("[")][-3:] == [
        "[x] Read what is asked: with a text that is longe…",
        "[>] Look at the code",
        "[ ] Answer",
    ]
    assert screen[-1].startswith("Unverified. It ended.")
