"""GitHub's events as signals: what is news, whose branch it is, and what is never taken."""

from __future__ import annotations

import random
from typing import Any

import pytest

from bot.signals.github import EVENTS, read, strip_matrix
from bot.signals.records import Signal
from tests.doors.test_hostile_payloads import HOSTILE, mutate, places
from tests.support import examples

NOW = 1_800_000_000_000
SHA = "0123456789abcdef0123456789abcdef01234567"
HERE = {"id": 7, "name": "sample", "owner": {"login": "octo"}}


def hear(event: str, **payload: Any) -> tuple[Signal, ...]:
    return read(event, {"repository": HERE, **payload}, "guid", NOW)


def job(**more: Any) -> tuple[Signal, ...]:
    ended = {"id": 5, "run_id": 9, "name": "test (3.11, linux)", "workflow_name": "CI", "head_branch": "main"}
    ended |= {"head_sha": SHA, "conclusion": "failure", "completed_at": "2026-12-01T10:00:00Z", **more}
    return hear("workflow_job", action="completed", workflow_job=ended)


def run(**more: Any) -> tuple[Signal, ...]:
    ended = {"id": 9, "name": "CI", "path": ".github/workflows/ci.yml", "head_branch": "main", "head_sha": SHA}
    ended |= {"head_repository": {"id": 7}, "conclusion": "startup_failure", **more}
    return hear("workflow_run", action="completed", workflow_run=ended)


def test_a_job_is_one_trouble_a_leg_and_one_incident_a_matrix() -> None:
    (red,) = job()
    (other,) = job(id=6, name="test (3.12, linux)")
    (green,) = job(id=8, conclusion="success")
    assert (red.kind, green.kind) == ("ci_failed", "ci_passed")
    assert red.incident_key == green.incident_key != other.incident_key, "one leg's green says nothing of another's"
    assert red.joins == other.joins
    assert len({red.state_key, other.state_key, green.state_key}) == 3
    assert strip_matrix("call / test (3.11)") == "call / test"


@pytest.mark.parametrize("conclusion", ["cancelled", "skipped", "neutral", "stale", "action_required", None, "new"])
def test_what_did_not_end_says_nothing(conclusion: str | None) -> None:
    assert job(conclusion=conclusion) == run(conclusion=conclusion) == ()


@pytest.mark.parametrize(
    ("steps", "setup"),
    [
        ([("Set up job", "failure")], True),
        ([("Set up job", "success"), ("Run actions/checkout@v5", "failure")], True),
        ([("Set up job", "success"), ("Run tests", "failure"), ("Post Run actions/checkout@v5", "failure")], False),
        ([], False),
    ],
)
def test_a_step_before_anything_of_the_repositorys_is_the_machines(steps: list[tuple[str, str]], setup: bool) -> None:
    (red,) = job(steps=[{"name": name, "conclusion": end} for name, end in steps])
    assert ("setup" in red.labels) is setup


def test_a_run_tells_only_that_it_could_not_start_and_never_of_a_fork() -> None:
    (red,) = run()
    (green,) = run(conclusion="success", run_attempt=2)
    assert (red.kind, green.kind) == ("ci_failed", "ci_passed")
    assert red.incident_key == green.incident_key
    assert run(conclusion="failure") == (), "its jobs tell that"
    assert run(head_repository={"id": 8}) == run(head_repository=None) == (), "a fork's main is not ours"


def test_a_check_counts_unless_it_is_a_job_of_actions() -> None:
    check = {"id": 5, "name": "Jenkins", "head_sha": SHA, "conclusion": "failure", "app": {"slug": "jenkins-checks"}}
    suite = {"id": 1, "head_branch": "main"}
    (red,) = hear("check_run", action="completed", check_run={**check, "check_suite": suite})
    status = {"id": 3, "sha": SHA, "context": "continuous-integration/jenkins/branch", "state": "failure"}
    branches = [{"name": "main", "commit": {"sha": SHA}}, {"name": "old", "commit": {"sha": "f" * 40}}]
    (same,) = hear("status", **status, branches=branches)
    assert red.joins == same.joins != (), "Jenkins may tell both ways"
    actions = {**check, "app": {"slug": "github-actions"}, "check_suite": suite}
    assert hear("check_run", action="completed", check_run=actions) == ()


def test_a_merge_queue_tells_what_it_threw_out_and_of_which_branch() -> None:
    group = {"head_sha": "a" * 40, "base_sha": SHA, "base_ref": "refs/heads/main"}
    (red,) = hear("merge_group", action="destroyed", reason="invalidated", merge_group=group)
    (green,) = hear("merge_group", action="destroyed", reason="merged", merge_group=group)
    assert (red.kind, red.sha, red.branch, green.kind, green.sha) == ("ci_failed", SHA, "main", "ci_passed", "a" * 40)
    assert red.incident_key == green.incident_key
    assert hear("merge_group", action="checks_requested", merge_group=group) == ()
    assert hear("merge_group", action="destroyed", reason="dequeued", merge_group=group) == ()


def test_a_secret_alert_says_that_and_not_which() -> None:
    alert = {"number": 4, "secret_type_display_name": "Some Token", "secret": "planted-secret-value"}
    (found,) = hear("secret_scanning_alert", action="created", alert=alert)
    assert "planted" not in found.model_dump_json()
    assert hear("secret_scanning_alert", action="assignees_changed", alert=alert) == (), "no news"
    scanned = {"number": 4, "rule": {"description": "SQL injection"}}
    assert hear("code_scanning_alert", action="created", ref="refs/pull/3/merge", alert=scanned) == ()
    assert len(hear("code_scanning_alert", action="created", ref="refs/heads/main", alert=scanned)) == 1


@pytest.mark.needs("example payloads")
@pytest.mark.parametrize("event", EVENTS)
def test_no_payload_of_any_shape_crashes_a_reader(event: str) -> None:
    dice = random.Random(event)
    for example in examples.load().get(event, []):
        for signal in read(event, example, "guid", NOW):
            assert len(signal.title) <= 200
        for _ in range(40):
            read(event, mutate(example, dice.choice(list(places(example))), dice.choice(HOSTILE)), "guid", NOW)
