"""Mode *server* against a server that does whatever a network or a server can do."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.action.liar import TASK, Liar, lying, result, view
from tests.support.runner import Runner

_URL = f"/api/v1/tasks/{TASK}"
START = "POST /api/v1/tasks/fix"
COMMENT = {"action": "created", "issue": {"number": 5}, "comment": {"body": "/ask Why is that?\nMore words."}}

REMARK = {"action": "created", "pull_request": {"number": 8}, "comment": {"id": 99, "body": "/ask Why?"}}


def runner(folder: Path, liar: Liar, name: str = "workflow_dispatch", event: Any = None, attempt: int = 1) -> Runner:
    return Runner(folder, name, event or {}, variables=liar.variables, attempt=attempt)


async def test_a_task_is_asked_for_followed_and_told(tmp_path: Path) -> None:
    async with lying() as liar:
        event = {"action": "labeled", "issue": {"number": 3}}
        end = await runner(tmp_path, liar, "issues", event).run(server_url=liar.url, context="prices.py")
        assert liar.asked == [
            ("GET", "/api/v1/openapi.json"), ("POST", "/api/v1/tasks/fix"), ("GET", f"{_URL}/events"), ("GET", _URL),
            ("GET", f"{_URL}/result"),
        ]  # fmt: skip
        assert liar.bodies == [{"repository": "octo/sample", "number": 3, "hint": "prices.py"}]
        assert (liar.audiences, len(set(liar.tokens))) == ([liar.url] * 4, 4)
    assert end.code == 0
    assert "prove: done" in end.log
    assert end.told("notice") == "Fixed."
    assert "| https://github.com/octo/sample/pull/4 | $0.42, 3 model calls | 12.5 s |" in end.summary


@pytest.mark.parametrize(
    ("state", "data", "fails"),
    [
        ("done", {}, ""),
        ("awaiting_approval", {}, ""),
        ("refused", {}, "unverified anything"),
        ("unverified", {}, "unverified anything"),
        ("failed", {}, "failed unverified anything"),
        ("cancelled", {}, "failed unverified anything"),
        ("dead", {}, "failed unverified anything"),
        ("failed", {"error": "ModelQuota"}, "anything"),
        ("failed", {"error": "BudgetExceeded"}, "anything"),
        ("failed", {"error": "GitHubDown"}, "anything"),
    ],
)
async def test_the_level_decides_what_fails_the_step(
    tmp_path: Path, state: str, data: dict[str, str], fails: str
) -> None:
    async with lying() as liar:
        liar.set(f"GET {_URL}", view(state=state))
        liar.set(f"GET {_URL}/result", result(state=state, data=data))
        for level in ("never", "refused", "", "unverified", "anything"):
            end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3", fail_on=level)
            failed = (level or "failed") in fails.split()
            assert (end.code, end.outputs["state"]) == (int(failed), state)
            kind = "error" if failed else ("warning" if fails else "notice")
            assert end.told(kind) == "Fixed."
            assert end.outputs["verified"] == str(state == "done").lower()


async def test_a_refusal_fails_and_an_outage_does_not(tmp_path: Path) -> None:
    refused = {"detail": "The token's `aud` is refused. Ask the runner for a token with the audience `https://x`."}
    async with lying() as liar:
        liar.set(START, refused, 401)
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
        assert (end.code, end.outputs["state"]) == (1, "denied")
        assert end.told("error") == f"{liar.url} answered 401: {refused['detail']}"
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3", fail_on="never")
        assert (end.code, end.outputs["state"]) == (0, "denied")
        for status in (429, 500, 503):
            liar.set(START, {"detail": "Later."}, status, **{"Retry-After": "0"})
            end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
            assert (end.code, end.outputs["state"], end.told("warning")) == (
                0, "outage", f"{liar.url} answered {status}: Later.",
            )  # fmt: skip
            end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3", fail_on="anything")
            assert end.code == 1


async def test_a_lost_answer_is_asked_for_again_with_the_same_key_and_a_new_token(tmp_path: Path) -> None:
    async with lying() as liar:
        started = (202, view(state="queued", ended=False), {})
        liar.answers[START] = [(0, "", {}), (503, {"detail": "Later."}, {"Retry-After": "0"}), started]
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
        assert (end.code, len(liar.keys), len(set(liar.keys))) == (0, 3, 1)
        assert len(set(liar.tokens)) == len(liar.tokens) == 6


async def test_attempts_of_a_run_ask_for_the_same_task_and_other_steps_for_others(tmp_path: Path) -> None:
    async with lying() as liar:
        await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
        await runner(tmp_path, liar, attempt=2).run(server_url=liar.url, task="fix", number="3")
        assert len(set(liar.keys)) == 1
        await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="4")
        other = runner(tmp_path, liar)
        other.variables["GITHUB_ACTION"] = "__run_2"
        await other.run(server_url=liar.url, task="fix", number="3")
        other.variables["GITHUB_RUN_ID"] = "71"
        await other.run(server_url=liar.url, task="fix", number="3")
        assert len(set(liar.keys)) == 4


async def test_another_attempt_has_a_task_that_ended_badly_tried_once_more(tmp_path: Path) -> None:
    async with lying() as liar:
        liar.set(START, view(state="failed"))
        liar.set(f"POST {_URL}/retry", view(state="queued", ended=False), 202)
        await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
        assert ("POST", f"{_URL}/retry") not in liar.asked
        end = await runner(tmp_path, liar, attempt=2).run(server_url=liar.url, task="fix", number="3")
        assert ("POST", f"{_URL}/retry") in liar.asked
        assert liar.keys[-1] == f"{liar.keys[0]}-2"
    assert end.code == 0


async def test_a_broken_stream_is_followed_from_where_it_broke(tmp_path: Path) -> None:
    async with lying() as liar:
        first = 'id: 1\nevent: stage\ndata: {"kind": "stage", "stage": "read"}\n\n'
        last = 'id: 2\nevent: ended\ndata: {"kind": "ended", "state": "done"}\n\n'
        liar.answers[f"GET {_URL}/events"] = [(200, first, {}), (503, "", {}), (200, last, {}), (204, "", {})]
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
    assert end.code == 0
    assert end.log.index("read") < end.log.index("done")


async def test_a_task_may_be_silent_for_longer_than_a_token_lives(tmp_path: Path) -> None:
    async with lying() as liar:
        silent = (200, ": still here\n\n", {})
        last = (200, 'id: 9\nevent: ended\ndata: {"kind": "ended", "state": "done"}\n\n', {})
        liar.answers[f"GET {_URL}/events"] = [*[silent] * 6, last]
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
        assert liar.asked.count(("GET", f"{_URL}/events")) == 7
    assert (end.code, end.outputs["state"]) == (0, "done")


async def test_no_token_follows_a_redirect(tmp_path: Path) -> None:
    async with lying() as liar, lying() as other:
        liar.set(START, "", 307, Location=f"{other.url}/api/v1/tasks/fix")
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
        assert (end.code, end.outputs["state"], other.asked) == (1, "denied", [])
        assert "sends elsewhere" in end.told("error")


@pytest.mark.parametrize(
    ("name", "event", "given", "asked"),
    [
        ("issue_comment", COMMENT, {}, {"number": 5, "text": "Why is that?"}),
        ("issue_comment", COMMENT, {"context": "How?"}, {"number": 5, "text": "How?"}),
        ("issue_comment", COMMENT, {"task": "explain", "number": "6"}, {"number": 6}),
        ("pull_request", {"pull_request": {"number": 8}}, {}, {"number": 8}),
        ("pull_request_review_comment", REMARK, {}, {"number": 8, "thread": 99, "text": "Why?"}),
    ],
)
async def test_the_event_says_what_the_inputs_leave_out(
    tmp_path: Path, name: str, event: Any, given: dict[str, str], asked: dict[str, Any]
) -> None:
    async with lying() as liar:
        for task in ("ask", "explain", "review"):
            liar.set(f"POST /api/v1/tasks/{task}", view(state="queued", ended=False), 202)
        end = await runner(tmp_path, liar, name, event).run(server_url=liar.url, **given)
        assert liar.bodies == [{"repository": "octo/sample", **asked}]
    assert end.code == 0


@pytest.mark.parametrize("text", ["Thanks!", "", "I'd say /ask is best", "/unknown to us", "/help", "> /fix"])
async def test_a_comment_without_a_task_starts_nothing(tmp_path: Path, text: str) -> None:
    async with lying() as liar:
        event = {**COMMENT, "comment": {"body": text}}
        end = await runner(tmp_path, liar, "issue_comment", event).run(server_url=liar.url)
        assert [method for method, _ in liar.asked if method == "POST"] == []
    assert (end.code, end.outputs["state"]) == (0, "skipped")


async def test_what_the_server_does_not_have_is_told_with_what_it_has(tmp_path: Path) -> None:
    async with lying() as liar:
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="tests", number="3")
        assert (end.code, liar.tokens) == (1, [])
        assert "There is no task `tests`; there are: ask, changelog, complete, describe, docs" in end.told("error")
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="review", number="3", context="Be quick.")
        assert end.code == 1
        liar.set("GET /api/v1/openapi.json", "<html>")
        liar.answers["GET /api/v1/openapi.json"] = (200, '{"paths": []}', {})
        end = await runner(tmp_path, liar).run(server_url=liar.url, task="fix", number="3")
        assert "Is it a Forgehand?" in end.told("error")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_cancelled_run_stops_the_task(tmp_path: Path, number: signal.Signals) -> None:
    following = asyncio.Event()
    async with lying() as liar:
        liar.set(f"GET {_URL}", view(state="cancelled"))
        liar.set(f"GET {_URL}/result", result(state="cancelled", head_sha=None, branch=None, pull_request=None))
        liar.set(f"POST {_URL}/cancel", view(ended=False), 202)
        liar.hold(f"GET {_URL}/events", following)
        here = runner(tmp_path, liar)
        process = await here.start({"server-url": liar.url, "task": "fix", "number": "3"})
        await following.wait()
        process.send_signal(number)
        end = await here.end(process)
        assert ("POST", f"{_URL}/cancel") in liar.asked
    assert (end.code, end.outputs["state"], end.outputs["verified"]) == (1, "cancelled", "false")
