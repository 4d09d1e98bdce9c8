"""A command's way from GitHub's webhook to a task.

It is heard, decided about, acknowledged and answered.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from dataclasses import replace
from typing import Any

from simhub.faults import Fault
from simhub.model import Account
from tests.e2e.scenes import POLICY, deliver, handled, put, rows, sent
from tests.support.story import Story
from tests.support.typing import Written, answered, answers, below, comment, on_line, reactions, review


def decisions(story: Story, login: str = "mara") -> list[tuple[str, int]]:
    return [(a, b) for a, b in rows(story, "select action, allowed from fh_audit where actor = ? order by id", login)]


def queued(story: Story) -> list[tuple[str, str]]:
    return [(a, b) for a, b in rows(story, "select flow, state from fh_task order by created, id")]


async def pull(story: Story, branch: str = "topic", body: str = "", by: Account | None = None) -> int:
    """A pull request that changes one line."""
    base = await story.request("GET", "/git/ref/heads/main")
    await story.request("POST", "/git/refs", {"ref": f"refs/heads/{branch}", "sha": base["object"]["sha"]})
    file = await story.request("GET", f"/contents/basket/prices.py?ref={branch}")
    data = {"message": "Change", "content": "eCA9IDEKeSA9IDIK", "sha": file["sha"], "branch": branch}
    await story.request("PUT", "/contents/basket/prices.py", data)
    made = {"title": "P", "head": branch, "base": "main", "body": body}
    return int((await story.request("POST", "/pulls", made, by=by))["number"])


async def refused(story: Story, written: Written) -> str:
    """One reaction, one answer; the answer."""
    (text,) = await answered(story, written)
    await handled(story)
    assert await reactions(story, written) == ["confused"]
    return text


async def test_quick_commands_are_answered_where_they_are_typed(story: Story) -> None:
    number = await story.file("Cents are lost", "Look at this.\n\n/help status", label=None)
    opened = Written(number, 0, f"/issues/{number}/reactions", f"/issues/{number}/comments")
    (text,) = await answered(story, opened)
    assert text.startswith("`/status`")
    assert "`/status` | lists what runs" in text
    assert text.endswith("Who: people with read permission. You may.")

    (text,) = await answered(story, listed := await comment(story, number, "Thanks.\r\n\r\n@Forgehand, /help"))
    assert "| `/fix [hint]` |" in text
    assert "`/review`" in text.partition("Elsewhere: ")[2]
    assert await reactions(story, listed) == ["eyes"]

    change = await pull(story, body="Changes prices.\n/status")
    (text,) = await answered(story, Written(change, 0, "", f"/issues/{change}/comments"))
    assert text.startswith("- **review** queued, asked by mara")
    (text,) = await answered(story, reviewed := await review(story, change, "Good.\n/status"))
    assert text.startswith("- **review** queued, asked by mara")
    assert await reactions(story, reviewed) == ["eyes"]

    line = await on_line(story, change, "basket/prices.py", 1, "/config")
    (text,) = await answered(story, line)
    assert re.search(r'fix\.label +"ai-bug-fix"  # default', text)
    assert await reactions(story, line) == ["eyes"]
    (text,) = await answered(story, await below(story, line, "/retry"))
    assert text.startswith("The last task here (review, ")
    assert queued(story) == [("review", "queued")]
    assert story.script.requests == []


async def test_the_first_sign_takes_two_rounds_to_github(story: Story) -> None:
    """Policy and role side by side, then the reaction. At 100 ms each that is far below half a second."""
    number = await story.file("A", "B", label=None)
    await handled(story)
    story.hub.requests.clear()
    written = await comment(story, number, "/help")
    await answered(story, written)
    asked = [f"{each.method} {each.route}" for each in story.hub.requests if each.kind in {"app", "installation"}]
    until = asked[: next(at for at, each in enumerate(asked) if "reactions" in each) + 1]
    assert sorted(until) == [
        "GET /repos/{owner}/{repo}/collaborators/{login}/permission",
        "GET /repos/{owner}/{repo}/contents/{path*}",
        "POST /repos/{owner}/{repo}/issues/comments/{id}/reactions",
    ]


async def test_several_commands_are_done_in_order_and_what_is_wrong_is_said_once(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    text = "/status\n/fiix\n/help fix\n/status please\n@forgehand dance\n/cancel\n/help"
    first, second, wrong = await answered(story, written := await comment(story, number, text), 3)
    assert (first[:15], second[:13]) == ("Nothing has run", "`/fix [hint]`")
    assert wrong.split("\n\n") == [
        "Unknown command `fiix`. Did you mean `/fix`? `/help` lists the commands you can use here.",
        "Usage: `/status`. `/help status` shows examples.",
        "Unknown command `dance`. `/help` lists the commands you can use here.",
        "Only the first 5 commands were read; put the others in a new comment.",
    ]
    assert await reactions(story, written) == ["eyes"]
    (text,) = await answered(story, bare := await comment(story, number, "@forgehand"))
    assert "`/help [command]`" in text
    assert await reactions(story, bare) == ["eyes"]


async def test_what_one_text_says_twice_is_done_once(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    text = "/status\n/help fix\n\n@forgehand STATUS\n\n> Hm.\n\n/status\n/dance\n/help ask\n" + "/cancel\n" * 6
    texts = await answered(story, await comment(story, number, text), 4)
    starts = ("Nothing has run", "`/fix [hint]`", "`/ask <question>`", "Nothing is running")
    assert [one.startswith(start) for one, start in zip(texts, starts, strict=True)] == [True] * 4


async def test_what_nobody_meant_for_us_gets_no_sign(story: Story) -> None:
    number = await story.file("A", "/etc/passwd is shown\n\n```\n/fix\n```", label=None)
    texts = [
        "> /fix\n\nThat did not help.",
        "<!-- /fix\n@forgehand fix -->",
        "/usr is full",
        "Ask @forgehand fix",
        "    /fix",
        "- /fix",
        "\u200b/fix",
        "/fix\u200b",
    ]
    written = [await comment(story, number, text) for text in texts]
    edited = await comment(story, number, "Hello")
    await story.request("PATCH", f"/issues/comments/{edited.id}", {"body": "/fix"})
    await handled(story)
    for each in [*written, edited]:
        assert await reactions(story, each) == []
    assert await story.comments(number) == {}
    assert queued(story) == []
    assert decisions(story) == []


async def test_programs_are_never_obeyed_whoever_they_speak_for(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    await comment(story, number, "/status")
    await handled(story)
    payload = json.loads(sent(story, "issue_comment", "created")[0].body)
    bot = {"login": "mara[bot]", "id": 777, "type": "Bot"}
    own = {**payload["comment"], "id": 901, "body": "Done.\n/fix"}
    through_app = own | {"performed_via_github_app": {"id": 3, "slug": "relay"}}
    moved = {**payload["issue"], "body": "/fix", "user": bot}
    said: list[tuple[str, dict[str, Any]]] = [
        ("issue_comment", payload | {"comment": own | {"user": bot}, "sender": bot}),
        ("issue_comment", payload | {"comment": through_app}),
        ("issue_comment", payload | {"comment": own | {"user": bot}}),
        ("issues", payload | {"action": "opened", "issue": moved}),
    ]
    before = len(await story.request("GET", f"/issues/{number}/comments"))
    for event, forged in said:
        assert await deliver(story, event, json.dumps(forged).encode()) == 202
    await handled(story)
    assert len(await story.request("GET", f"/issues/{number}/comments")) == before
    assert decisions(story, "mara[bot]") == [("/fix", 0)]
    assert decisions(story) == [("/status", 1), *[("/fix", 0)] * 3]
    assert queued(story) == []


async def test_a_refusal_is_one_reaction_and_one_sentence(story: Story) -> None:
    rita, theo = story.hub.create_user("rita"), story.hub.create_user("theo")
    story.hub.set_permission(story.repository, "theo", "triage")
    number = await story.file("A", "B", label=None)
    text = await refused(story, await comment(story, number, "/fix\n/retry\n/cancel", by=rita))
    assert text == "@rita has read permission here; this needs write permission."
    assert decisions(story, "rita") == [("/fix", 0), ("/retry", 0), ("/cancel", 0)]
    text = await refused(story, await comment(story, number, "/fix", by=theo))
    assert text == "@theo has triage permission here; this needs write permission."

    first, wrong = await answered(story, mixed := await comment(story, number, "/help\n/fix", by=rita), 2)
    assert "You may not use in this repository: `/ask`" in first
    assert wrong.startswith("@rita has read")
    assert await reactions(story, mixed) == ["eyes"]
    assert queued(story) == []
    assert story.script.requests == []


async def test_nobody_from_outside_may_ask_for_any_number_of_answers(story: Story) -> None:
    rita = story.hub.create_user("rita")
    number = await story.file("A", "B", label=None)
    for _ in range(6):
        await comment(story, number, "/status x\n/config x\n/fix\n/ask x\n/ask y\n", by=rita)
    await handled(story)
    more = [await comment(story, number, "/help", by=rita) for _ in range(3)]
    await handled(story)
    assert [await reactions(story, one) for one in more] == [[], [], []]
    said = [one["body"] for one in await story.request("GET", f"/issues/{number}/comments?per_page=100")]
    (told,) = [body for body in said if "I take 30 requests an hour from rita. Try again in" in body]
    assert said.index(told) > len(said) - 4, "once, then silence"
    assert decisions(story, "rita")[-3:] == [("/help", 0)] * 3
    await answered(story, await comment(story, number, "/help"))


async def test_a_delivery_that_comes_again_does_nothing_twice(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    story.hub.webhooks.disorder.copies = 3
    written = await comment(story, number, "/status\n/fix")
    await handled(story)
    (original, *_) = sent(story, "issue_comment", "created")
    again = [deliver(story, "issue_comment", original.body, guid) for guid in (original.guid, None, None)]
    assert await asyncio.gather(*again) == [202] * 3
    await handled(story)
    assert len(await answers(story, written)) == 1
    assert await reactions(story, written) == ["eyes"]
    assert queued(story) == [("fix", "queued")]


async def test_an_answer_that_github_refused_at_first_is_given_later_and_once(story: Story) -> None:
    fault = Fault(path="/repos/octo/sample/issues/1/comments", method="POST", status=502, times=2, after=True)
    story.hub.faults.add(fault)
    assert await story.file("A", "/help\n/status", label=None) == 1
    await answered(story, opened := Written(1, 0, "", "/issues/1/comments"), 2)
    await handled(story)
    assert fault.times == 0
    assert len(await answers(story, opened)) == 2


async def test_whoever_waits_is_told_when_github_refuses_for_good(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    fault = Fault(path="/repos/*/reactions", method="POST", times=-1, status=403, body={"message": "Not accessible"})
    story.hub.faults.add(fault)
    (text,) = await answered(story, written := await comment(story, number, "/fix"))
    assert text.startswith("Some of these commands failed because of GitHub API errors.")
    await comment(story, number, "Nothing for you.\n/usr")
    await handled(story)
    assert await reactions(story, written) == []
    assert queued(story) == []


async def test_a_wrong_policy_stops_work_but_not_help(story: Story) -> None:
    await put(story, POLICY, "fix: { labl: x }\n")
    number = await story.file("A", "B", label=None)
    text = await refused(story, await comment(story, number, "/fix"))
    assert text.startswith("I couldn't start: the configuration is invalid.")
    assert "line 1: fix.labl" in text
    (text,) = await answered(story, await comment(story, number, "/config"))
    assert "line 1: fix.labl" in text
    assert "# default" in text
    (text,) = await answered(story, await comment(story, number, "/help"))
    assert "`/fix [hint]`" in text

    await put(story, POLICY, "commands: { write: [cancel], read: [help] }\n")
    for typed in ("fix", "status"):
        text = await refused(story, await comment(story, number, f"@forgehand {typed}"))
        assert text == f"`/{typed}` is switched off in this repository (`commands` in `.github/forgehand.yml`)."
    assert queued(story) == []


async def test_the_commands_of_other_bots_are_met_with_silence(story: Story) -> None:
    await put(story, POLICY, "commands: { write: [fix], read: [help] }\n")
    number = await story.file("A", "B", label=None)
    theirs = [await comment(story, number, typed) for typed in ("/approve", "/status\n/retry", "/lgtm", "/hold cancel")]
    await handled(story)
    assert [await reactions(story, one) for one in theirs] == [[]] * len(theirs)
    (text,) = await answered(story, await comment(story, number, "/approve\n/help"))
    assert "switched off" not in text

    await put(story, POLICY, "commands: { mention_only: true }\n")
    silent = [await comment(story, number, typed) for typed in ("/help", "/fix", "/fiix")]
    await handled(story)
    assert [await reactions(story, one) for one in silent] == [[]] * len(silent)
    await answered(story, await comment(story, number, "@forgehand help"))
    assert queued(story) == []


async def test_what_is_out_of_place_is_told_where_it_belongs(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    assert await refused(story, await comment(story, number, "/review")) == (
        "`/review` works on pull requests and comments on lines of a diff."
    )
    change = await pull(story)
    assert await refused(story, await comment(story, change, "/review model=gpt")) == (
        "Usage: `/review [full]`. `/help review` shows examples."
    )
    await story.request("PATCH", f"/issues/{number}", {"state": "closed"})
    text = await refused(story, await comment(story, number, "/fix"))
    assert text == "`/fix` needs an open issue or pull request; this one is closed."
    (text,) = await answered(story, await comment(story, number, "/status"))
    assert text == "Nothing has run here yet."


async def test_a_task_is_started_once_stopped_and_started_again(story: Story) -> None:
    number = await story.file("Cents are lost", "All of them.", label=None)
    started = await comment(story, number, "/fix look at prices.py\nand basket.py")
    await handled(story)
    assert await answers(story, started) == []
    ((task, argument, source, key, group),) = rows(
        story, "select id, argument, source, active_key, concurrency_group from fh_task"
    )
    told = json.loads(argument)
    subject, origin = told["subject"], told["origin"]
    assert (subject["title"], subject["body"], origin["label"]) == ("Cents are lost", "All of them.", None)
    assert (source, key is None, group is None) == ("command", False, False)

    (text,) = await answered(story, again := await comment(story, number, "/fix"))
    assert text == f"I am already working on this (task `{task}`). `/status` shows progress, `/cancel` stops it."
    assert await reactions(story, again) == ["eyes"]
    (text,) = await answered(story, await comment(story, number, "/retry"))
    assert text == f"The last task here (fix, `{task}`) has not ended; `/cancel` stops it."
    (text,) = await answered(story, await comment(story, number, "/status"))
    assert text.startswith(f"- **fix** queued, asked by mara (task `{task}`)")

    (text,) = await answered(story, await comment(story, number, "/cancel"))
    assert text == f"Stopping: fix (task `{task}`). `/retry` starts it again."
    (text,) = await answered(story, await comment(story, number, "/cancel"))
    assert text == "Nothing is running here, so nothing was stopped."
    (text,) = await answered(story, await comment(story, number, "/status"))
    assert text.startswith(f"Nothing is running here.\n\n- **fix** cancelled, asked by mara (task `{task}`)")
    assert "mara cancelled the task before the work began." in text

    max_ = story.hub.create_user("max")
    story.hub.set_permission(story.repository, "max", "maintain")
    retried = await comment(story, number, "/retry", by=max_)
    await handled(story)
    assert await answers(story, retried) == []
    second = rows(story, "select parent, actor, state, argument from fh_task where id != ?", task)
    ((parent, actor, state, argument),) = second
    assert (parent, actor, state) == (task, "max", "queued")
    assert json.loads(argument)["origin"]["principal"]["actor"]["login"] == "max"
    await story.request("PATCH", f"/issues/{number}", {"state": "closed"})
    await handled(story)
    assert queued(story) == [("fix", "cancelled")] * 2


async def test_a_repository_with_another_name_is_still_the_same(story: Story) -> None:
    number = await story.file("Cents are lost", "All of them.", label=None)
    await comment(story, number, "/fix")
    await handled(story)
    ((task,),) = rows(story, "select id from fh_task")
    story.hub.rename(story.repository, "renamed", sender="mara")
    story.hub.transfer(story.repository, "newhome", "mara")
    (text,) = await answered(story, await comment(story, number, "/status"))
    assert text.startswith(f"- **fix** queued, asked by mara (task `{task}`)")
    (text,) = await answered(story, await comment(story, number, "/cancel"))
    assert text == f"Stopping: fix (task `{task}`). `/retry` starts it again."
    await comment(story, number, "/retry")
    await handled(story)
    ((parent, argument),) = rows(story, "select parent, argument from fh_task where repository = 'newhome/renamed'")
    where = json.loads(argument)["repository"]
    assert (parent, where["owner"], where["name"]) == (task, "newhome", "renamed")
    assert [state for _, state in queued(story)].count("queued") == 1
    assert story.script.requests == []


async def test_what_is_being_stopped_may_be_started_again_at_once(story: Story) -> None:
    number = await story.file("Cents are lost", "All of them.", label=None)
    await comment(story, number, "/fix")
    await handled(story)
    with sqlite3.connect(story.root / "data" / "forgehand.db") as database:
        database.execute("update fh_task set state = 'running', started = created")
    (text,) = await answered(story, await comment(story, number, "/cancel\n/retry"))
    assert text.endswith("`/retry` starts it again.")
    await handled(story)
    assert queued(story) == [("fix", "running"), ("fix", "queued")]


async def test_a_question_stands_in_no_other_tasks_way(story: Story) -> None:
    number = await story.file("Cents are lost", "All of them.", label=None)
    await comment(story, number, "/fix")
    await handled(story)
    await answered(story, await comment(story, number, "/cancel"))
    await comment(story, number, "/ask Why did that fail?")
    await handled(story)
    retried = await comment(story, number, "@forgehand please /retry.")
    await handled(story)
    assert await answers(story, retried) == []
    assert queued(story) == [("fix", "cancelled"), ("ask", "queued"), ("fix", "queued")]
    (text,) = await answered(story, await comment(story, number, "/cancel"))
    assert text.startswith("Stopping: fix (task `")
    assert text.endswith("). `/retry` starts the first of these again.")
    (text,) = await answered(story, await comment(story, number, "@forgehand could you fix this?"))
    assert text == "Unknown command `could`. Did you mean `/fix`? `/help` lists the commands you can use here."


async def test_an_outsiders_pull_request_is_a_place_like_any_other(story: Story) -> None:
    ann = story.hub.create_user("ann")
    fork = story.hub.fork(story.repository, "ann")
    theirs = replace(story, repository=fork, maintainer=ann)
    await put(theirs, "new.py", "x = 1\n")
    made = {"title": "P", "head": "ann:main", "base": "main", "body": "Please\n/fix"}
    number = int((await story.request("POST", "/pulls", made, by=ann))["number"])
    opened = Written(number, 0, f"/issues/{number}/reactions", f"/issues/{number}/comments")
    assert await refused(story, opened) == "@ann has read permission here; this needs write permission."
    (text,) = await answered(story, await comment(story, number, "/help", by=ann))
    assert "`/status`" in text
