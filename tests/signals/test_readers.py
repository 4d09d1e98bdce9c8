"""Bodies of each sender, as signals: what is one trouble, what is news, and what is never taken."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest

from bot.doors.signals.handling import read_signals
from bot.signals.fields import Arrival
from bot.signals.frames import tidy_path
from bot.signals.reading import READERS
from bot.signals.records import Signal
from bot.types import SourceKind
from tests.signals.mutants import KINDS, SAMPLES, mutants

RECEIVED = 1_764_410_460_000
BEGAN = 1_764_410_400_000  # 2025-11-29T10:00:00Z
SHA = "0123456789abcdef0123456789abcdef01234567"


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def read(name: str, body: Any = None, *, delivery: str = "d-1") -> tuple[Signal, ...]:
    kind = name.partition("_")[0]
    return READERS[kind](sample(name) if body is None else body, Arrival("ours", delivery, RECEIVED))


@pytest.mark.parametrize("name", [file.stem for file in SAMPLES.glob("*.json")])
def test_no_secret_and_no_person_is_taken(name: str) -> None:
    taken = "".join(signal.model_dump_json() for signal in read(name))
    assert taken
    for planted in ("planted", "hunter2", "@example.org", "203.0.113.9", "Mara"):
        assert planted not in taken, planted


def test_an_alert_of_alertmanager() -> None:
    firing, resolved = read("alertmanager_firing")
    assert (firing.kind, resolved.kind) == ("alert_firing", "alert_resolved")
    assert (firing.service, firing.environment, firing.severity) == ("shop", "production", "critical")
    assert firing.title == "HighErrorRate: 5 % of requests fail"
    assert firing.started == BEGAN + 123
    assert [link.title for link in firing.links] == ["Runbook", "Alert"]
    assert firing.labels["pod"] == "shop-7d9f8b6c5-x2x4z"
    assert firing.incident_key != resolved.incident_key


def test_the_trouble_outlives_pods_values_routes_and_repeats() -> None:
    rng = random.Random(7)
    letters = "bcdfghjklmnpqrstvwxz2456789"
    keys, news = set(), set()
    for number in range(200):
        body = sample("alertmanager_firing")
        labels = body["alerts"][0]["labels"]
        labels["pod"] = f"shop-{''.join(rng.choices(letters, k=9))}-{''.join(rng.choices(letters, k=5))}"
        labels |= {"instance": f"10.0.0.{number}:8080", "value": str(number), "replica": "ab"[number % 2]}
        body["groupKey"] = f'{{}}/{{route="{number}"}}:{{}}'
        signal = read("alertmanager_firing", body)[0]
        keys.add((signal.incident_key, signal.joins))
        news.add(signal.state_key)
        assert read("alertmanager_firing", body, delivery="d-2")[0].state_key == signal.state_key
    assert (len(keys), len(news)) == (1, 200)


@pytest.mark.parametrize(
    "change",
    [
        {"alertname": "Other"},
        {"service": "mail"},
        {"env": "staging"},
        {"path": "/pay"},
        {"pod": "mail-7d9f8b6c5-x2x4z"},
    ],
)
def test_another_trouble_is_another(change: dict[str, str]) -> None:
    body = sample("alertmanager_firing")
    before = read("alertmanager_firing", body)[0]
    body["alerts"][0]["labels"] |= change
    after = read("alertmanager_firing", body)[0]
    assert after.incident_key != before.incident_key
    assert ("path" in change) == (after.joins == before.joins)


def test_annotations_are_no_part_of_the_trouble_but_a_new_start_is_news() -> None:
    body = sample("alertmanager_firing")
    before = read("alertmanager_firing", body)[0]
    body["alerts"][0]["annotations"]["summary"] = "6 % of requests fail"
    assert read("alertmanager_firing", body)[0].state_key == before.state_key
    body["alerts"][0]["startsAt"] = "2025-11-29T10:00:30Z"
    after = read("alertmanager_firing", body)[0]
    assert (after.state_key == before.state_key, after.incident_key == before.incident_key) == (False, True)


def test_a_group_fires_while_an_alert_that_was_cut_off_fires() -> None:
    shown, signal = read("alertmanager_truncated")
    assert shown.kind == "alert_resolved"
    assert (signal.kind, signal.service) == ("alert_firing", "shop"), "the last word"
    assert "2 that fire are not in the message" in signal.title
    body = sample("alertmanager_truncated")
    body["status"] = "resolved"
    shown, signal = read("alertmanager_truncated", body)
    assert (shown.kind, signal.kind) == ("alert_resolved", "alert_firing")
    assert signal.title.endswith("2 that may fire are not in the message")
    body["truncatedAlerts"] = 0
    assert [each.kind for each in read("alertmanager_truncated", body)] == ["alert_resolved"]


def test_pods_of_one_trouble_are_told_apart() -> None:
    body = sample("alertmanager_truncated")
    body["truncatedAlerts"] = 0
    other = copy.deepcopy(body["alerts"][0])
    other["status"], other["labels"]["pod"] = "firing", "shop-7d9f8b6c5-7kq2w"
    body["alerts"].append(other)
    well, bad = read("alertmanager_truncated", body)
    assert (well.kind, bad.kind) == ("alert_resolved", "alert_firing")
    assert well.incident_key == bad.incident_key
    assert well.labels["alert"] != bad.labels["alert"]


def test_pagerdutys_name_for_an_alertmanager_group_is_known() -> None:
    """Alertmanager tells PagerDuty the SHA-256 of the group's key."""
    body = sample("alertmanager_truncated")
    (signal,) = read("alertmanager_truncated", body | {"status": "resolved", "truncatedAlerts": 0})
    name = next(one for one in signal.joins if one.startswith("incident_key:"))
    event = sample("pagerduty")
    event["event"]["data"]["incident_key"] = name.partition(":")[2]
    assert name in read("pagerduty", event)[0].joins
    body["groupLabels"] = {"service": "shop"}  # such a group may hold anything
    (signal,) = read("alertmanager_truncated", body | {"status": "resolved", "truncatedAlerts": 0})
    assert not any(one.startswith("incident_key:") for one in signal.joins)


def test_grafana_says_version_1_and_values() -> None:
    (signal,) = read("grafana_firing")
    assert (signal.source, signal.kind, signal.severity) == ("grafana", "alert_firing", "critical")
    assert "Values: [ var='A'" in signal.text
    same = sample("grafana_firing") | {"version": "4"}
    assert read("grafana_firing", same)[0].state_key == signal.state_key


def test_an_error_of_sentry_has_its_first_cause_last() -> None:
    (signal,) = read("sentry_event_alert")
    assert (signal.kind, signal.environment, signal.service, signal.sha) == ("error_new", "production", "shop", SHA)
    assert signal.text == "ValueError: no price for 7\nKeyError: 7"
    places = [(frame.path, frame.function, frame.line, frame.in_app) for frame in signal.frames]
    assert places == [
        ("flask/app.py", "wsgi_app", 1478, False),
        ("shop/prices.py", "price_of", 20, True),
        ("srv/shop/prices.py", "find", 12, True),
    ]
    (issue,) = read("sentry_issue")
    assert issue.incident_key == signal.incident_key
    assert issue.joins == signal.joins
    assert (issue.kind, issue.service, issue.started) == ("error_again", "shop", BEGAN)


def test_each_event_of_one_issue_is_one_piece_of_news() -> None:
    body = sample("sentry_event_alert")
    first = read("sentry_event_alert", body)[0]
    body["data"]["event"] |= {"event_id": "f" * 32, "datetime": "2025-11-29T10:00:30Z"}
    assert read("sentry_event_alert", body)[0].state_key == first.state_key
    body["data"] = {"error": body["data"]["event"]}
    body["action"] = "created"
    assert read("sentry_event_alert", body)[0].state_key == first.state_key


@pytest.mark.parametrize(
    ("action", "category", "kind"),
    [
        ("created", "error", "error_new"),
        ("resolved", "error", "error_resolved"),
        ("created", "outage", "alert_firing"),
        ("resolved", "outage", "alert_resolved"),
        ("created", "feedback", None),
        ("ignored", "error", None),
        ("assigned", "error", None),
        ("escalating", "error", None),
    ],
)
def test_what_an_issue_of_sentry_means(action: str, category: str, kind: str | None) -> None:
    body = sample("sentry_issue")
    body["action"] = action
    body["data"]["issue"]["issueCategory"] = category
    assert [each.kind for each in read("sentry_issue", body)] == ([] if kind is None else [kind])


def test_a_metric_alert_of_sentry() -> None:
    (signal,) = read("sentry_metric")
    assert (signal.kind, signal.severity, signal.environment) == ("alert_firing", "critical", "production")
    (ended,) = read("sentry_metric", sample("sentry_metric") | {"action": "resolved"})
    assert (ended.kind, ended.incident_key) == ("alert_resolved", signal.incident_key)
    (opened,) = read("sentry_metric", sample("sentry_metric") | {"action": "open"})
    assert opened.kind == "alert_firing"


@pytest.mark.parametrize(
    ("transition", "kind"),
    [
        ("Triggered", "alert_firing"),
        ("Re-Triggered", "alert_firing"),
        ("No Data", "alert_firing"),
        ("Warn", "alert_firing"),
        ("Recovered", "alert_resolved"),
        ("$ALERT_TRANSITION", None),
        ("", None),
    ],
)
def test_what_a_transition_of_datadog_means(transition: str, kind: str | None) -> None:
    found = read("datadog", sample("datadog") | {"transition": transition})
    assert [each.kind for each in found] == ([] if kind is None else [kind])


def test_variables_of_datadog_without_a_value_are_empty() -> None:
    (signal,) = read("datadog")
    assert (signal.service, signal.environment, signal.sha, signal.started) == ("shop", "production", SHA, BEGAN)
    assert signal.severity == "critical"
    bare = {
        "transition": "Recovered",
        "alert_id": "42",
        "cycle": "$ALERT_CYCLE_KEY",
        "scope": "env:production,service:shop",
    }
    (ended,) = read("datadog", bare | {"title": "$EVENT_TITLE", "date": "$DATE_POSIX"})
    assert (ended.title, ended.started) == ("Datadog monitor", RECEIVED)
    assert ended.incident_key in signal.joins, "without a cycle the monitor and its scope name the trouble"
    assert read("datadog", bare | {"alert_id": "$ALERT_ID"}) == ()


@pytest.mark.parametrize(
    ("event", "kind"),
    [("incident.triggered", "alert_firing"), ("incident.reopened", "alert_firing"),
     ("incident.resolved", "alert_resolved"), ("incident.acknowledged", None), ("pagey.ping", None),
     ("service.updated", None)],
)  # fmt: skip
def test_what_an_event_of_pagerduty_means(event: str, kind: str | None) -> None:
    body = sample("pagerduty")
    body["event"]["event_type"] = event
    found = read("pagerduty", body)
    assert [each.kind for each in found] == ([] if kind is None else [kind])
    assert all((each.service, each.severity) == ("shop", "critical") for each in found)


def test_both_ends_of_a_build_of_jenkins_are_one_piece_of_news() -> None:
    (signal,) = read("jenkins")
    assert (signal.kind, signal.branch, signal.sha) == ("ci_failed", "main", SHA)
    assert "tests.test_prices.test_zero" in signal.text
    body = sample("jenkins")
    body["build"]["phase"] = "FINALIZED"
    assert read("jenkins", body)[0].state_key == signal.state_key
    body["build"] |= {"status": "SUCCESS", "full_url": "https://jenkins.example.org/job/shop-main/18/"}
    (passed,) = read("jenkins", body)
    assert (passed.kind, passed.incident_key) == ("ci_passed", signal.incident_key)
    for change in ({"phase": "STARTED"}, {"phase": "QUEUED"}, {"status": "ABORTED"}, {"status": "NOT_BUILT"}):
        body["build"] = sample("jenkins")["build"] | change
        assert read("jenkins", body) == ()


def test_our_own_format() -> None:
    first, second = read("own")
    assert (first.kind, first.service, first.branch, first.sha) == ("error_new", "shop", "main", SHA)
    assert (second.kind, second.incident_key) == ("alert_resolved", first.incident_key)
    assert [link.url for link in first.links] == ["https://traces.example.org/1"]
    assert read("own", {"kind": "alert_firing", "title": "Down"})[0].started == RECEIVED
    for wrong in ({"kind": "alert_firing"}, {"kind": "nonsense", "title": "x"}, {"signals": ["x", {}]}, {}):
        assert read("own", wrong) == ()


@pytest.mark.parametrize(
    ("said", "started"),
    [("2999-01-01T00:00:00Z", RECEIVED), ("0001-01-01T00:00:00Z", RECEIVED), ("yesterday", RECEIVED), (-5, RECEIVED),
     (True, RECEIVED), (BEGAN, BEGAN), (BEGAN // 1000, BEGAN), (str(BEGAN // 1000), BEGAN), (1e400, RECEIVED),
     (float("nan"), RECEIVED), ("9" * 400, RECEIVED), ("2025-11-29T10:00:00", BEGAN)],
)  # fmt: skip
def test_when_it_began_is_believed_within_reason(said: Any, started: int) -> None:
    assert read("own", {"kind": "alert_firing", "title": "Down", "started": said})[0].started == started


@pytest.mark.parametrize(
    ("path", "tidied"),
    [("C:\\app\\shop\\prices.py", "app/shop/prices.py"), ("app:///static/main.js", "static/main.js"),
     ("./../x.py", "x.py"), ("<string>", ""), ("[native code]", ""), ("a b.py", ""), ("/srv/x.py", "srv/x.py")],
)  # fmt: skip
def test_paths_are_as_trees_have_them(path: str, tidied: str) -> None:
    assert tidy_path(path) == tidied


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_wrong_bodies_break_no_reader(kind: SourceKind) -> None:
    for body in mutants(kind, 1_000):
        for signal in read_signals(kind, body.decode(), Arrival("ours", "d-1", RECEIVED)):
            written = signal.model_dump_json()
            assert Signal.model_validate_json(written) == signal
            assert "\\u0000" not in written
            assert len(written) < 60_000
            assert len(signal.state_key) + len(signal.incident_key) + len("".join(signal.joins)) < 1_000
