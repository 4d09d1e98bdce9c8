"""Why nothing comes of an event, in words that name the rule; and what an event of the past was like."""

from __future__ import annotations

from typing import Any

import pytest

from bot.doors.rehearsal.history import Subject
from bot.doors.rehearsal.silence import explain_silence
from bot.doors.webhook.router import Event
from bot.policy import PolicyError, parse_policy
from bot.settings import Settings
from bot.types import Repository
from handlers import HANDLERS

_PLACE = {"id": 7, "name": "sample", "owner": {"login": "octo"}}
_SENDER = {"id": 3, "login": "mara", "type": "User"}
_ISSUE = {"number": 1, "title": "T", "body": "", "state": "open", "user": _SENDER, "id": 9}


def event(name: str, action: str, **more: Any) -> Event:
    payload = {"action": action, "repository": _PLACE, "installation": {"id": 1}, "sender": _SENDER, **more}
    return Event("1", name, action, payload)


def pull(action: str, *, draft: bool = False) -> Event:
    return event("pull_request", action, pull_request={**_ISSUE, "body": None, "draft": draft})


def comment(text: str, **more: Any) -> Event:
    said = {"id": 5, "body": text, "user": _SENDER, **more}
    return event("issue_comment", "created", issue=_ISSUE, comment=said)


@pytest.mark.parametrize(
    ("text", "happened", "told"),
    [
        ("", event("star", "created"), "Nothing here listens to `star` (created)"),
        ("", pull("synchronize"), "not at `synchronize` (`review.on`, default)"),
        ("review:\n  on: []\n", pull("opened"), "at nothing, not at `opened` (`review.on`, line 2)"),
        ("", pull("opened", draft=True), "It was a draft"),
        ("", event("issues", "labeled", issue=_ISSUE, label={"name": "bug"}), "`bug` is not a label that starts"),
        ("", comment("thank you"), "no command"),
        ("", comment("/fix", performed_via_github_app={"id": 1}), "commands of programs are not obeyed"),
        ("commands:\n  mention_only: true\n", comment("/fix"), "`commands.mention_only`"),
        ("commands:\n  write: [review]\n", comment("/fix"), "Switched off here: `/fix`"),
    ],
)
def test_the_rule_is_named(text: str, happened: Event, told: str) -> None:
    policy = parse_policy(text, Settings(), HANDLERS.registry.schema)
    assert told in explain_silence(happened, HANDLERS, policy, None, "forgehand[bot]")


@pytest.mark.parametrize(
    ("now", "events", "then"),
    [
        (False, [], False),
        (True, [], True),
        (False, ["labeled", "ready_for_review"], True),
        (True, ["convert_to_draft"], False),
        (False, ["convert_to_draft", "ready_for_review"], False),
    ],
)
def test_a_pull_request_is_opened_as_the_draft_that_it_was(now: bool, events: list[str], then: bool) -> None:
    place = Repository(id=7, owner="octo", name="sample", installation=1)
    happened = [{"event": name, "actor": _SENDER} for name in events]
    subject = Subject(place, _ISSUE, {**_ISSUE, "draft": now})
    opened = subject.opened(happened)
    assert (opened.event.payload["pull_request"]["draft"], "as a draft" in opened.what) == (then, then)
    ready = list(subject.made_ready(happened))
    assert [(one.event.action, one.event.payload["pull_request"]["draft"]) for one in ready] == [
        ("ready_for_review", False) for name in events if name == "ready_for_review"
    ]
    assert list(Subject(place, _ISSUE, None).made_ready(happened)) == []


def test_a_wrong_file_is_named_first() -> None:
    policy = parse_policy("", Settings(), HANDLERS.registry.schema)
    told = explain_silence(pull("opened"), HANDLERS, policy, PolicyError("line 1: a: unknown key\nmore"))
    assert told == "Nothing starts while `.github/forgehand.yml` is wrong. line 1: a: unknown key"
