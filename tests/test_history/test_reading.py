"""Reports of CI on the simulated GitHub: which count, and what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.github.api.access import GitHubs
from bot.store import test_outcomes
from bot.store.store import Store
from bot.test_history.names import normalise
from bot.test_history.notes import read_notes
from bot.test_history.reading import group, read_new
from bot.test_history.reports import read_report
from bot.test_history.rules import is_flaky, judge
from simhub.workflows import Job
from tests.github.conftest import World, github, world

__all__ = ["github", "world"]


def junit(ends: Mapping[str, bool]) -> bytes:
    failure = "<failure message='assert 1 == 2'/>"
    cases = (
        f"<testcase classname='tests.test_a' name='{name}'>{'' if passed else failure}</testcase>"
        for name, passed in ends.items()
    )
    return f"<testsuites><testsuite name='pytest'>{''.join(cases)}</testsuite></testsuites>".encode()


OTHERS = {f"test_{n}": True for n in range(5)}
RED = junit({"test_x": False, **OTHERS})
GREEN = junit({"test_x": True, **OTHERS})


async def upload(world: World, content: bytes, branch: str = "main", conclusion: str = "success") -> None:
    hub = world.hub
    repository = hub.repository(world.repository.full_name)
    sha = await hub.git(repository).resolve("refs/heads/main")
    assert sha is not None
    event = "merge_group" if branch.startswith("gh-readonly-queue") else "push"
    run = await hub.start_workflow(repository, sha, branch, event)
    hub.upload_artifact(run, "junit", {"reports/junit.xml": content})
    await hub.finish_workflow(run, [Job("test", conclusion)])
    hub.advance(60)


async def test_only_whole_runs_of_branch_and_queue_count(world: World, github: GitHubs, store: Store) -> None:
    (installation,) = world.hub.world.installations.values()
    world.hub.accept_permissions(installation, {**installation.permissions, "actions": "read"})
    await upload(world, GREEN)  # before its first failure a test has no rows
    await upload(world, RED)
    await upload(world, GREEN)
    await upload(world, GREEN)
    await upload(world, RED, "feature")
    await upload(world, RED, "gh-readonly-queue/main/pr-7-0123")
    await upload(world, RED, conclusion="cancelled")
    await upload(world, junit({"test_x": False, "test_y": False, "test_z": False, "test_1": True, "test_w": False}))
    await upload(world, junit(dict.fromkeys(("test_x", *OTHERS), False)))
    await upload(world, b"<html>")
    client = await github.for_repository(world.repository, {"actions": "read", "metadata": "read"})
    assert await read_new(client, store, world.repository) == 9
    assert await read_new(client, store, world.repository) == 0, "each is read once"
    reports = await store.run(test_outcomes.list_reports, world.repository.id)
    assert [one.left_out for one in reports] == [
        "",
        "",
        "",
        "",
        "",
        "the run ended as cancelled",
        "",  # 80 % are not more than 80 %
        "6 of 6 tests failed",
        "it holds no JUnit report",
    ]
    histories = group(await store.run(test_outcomes.list_outcomes, world.repository.id))
    seen = {place: [one.passed for one in found] for (test, _, place), found in histories.items() if "_x" in test}
    assert seen == {"branch": [False, True, True, False], "queue": [False]}
    branch = histories["tests.test_a.test_x", "junit", "branch"]
    assert is_flaky(judge(branch)), "twice both outcomes of one tree"


async def test_annotations_name_failures_and_a_later_pass_contradicts_them(
    world: World, github: GitHubs, store: Store
) -> None:
    hub = world.hub
    repository = hub.repository(world.repository.full_name)
    sha = await hub.git(repository).resolve("refs/heads/main")
    assert sha is not None
    place = {"path": "tests/test_a.py", "start_line": 3, "end_line": 3, "start_column": None, "end_column": None}
    note = {**place, "annotation_level": "failure", "raw_details": None}
    for red in (False, True, False, True, False):  # what passed before it first failed is not kept
        run = await hub.start_workflow(repository, sha, "main")
        await hub.finish_workflow(run, [Job("test", "failure" if red else "success")])
        texts = [("tests/test_a.py::test_x", "assert 1"), ("Lint", "unused")] if red else []
        run.suite.runs[0].annotations.extend(note | {"title": title, "message": text} for title, text in texts)
        hub.advance(60)
    client = await github.for_repository(world.repository, {"checks": "read", "contents": "read", "metadata": "read"})
    assert await read_notes(client, store, world.repository) == 4
    assert await read_notes(client, store, world.repository) == 0, "each is read once"
    histories = group(await store.run(test_outcomes.list_outcomes, world.repository.id))
    assert list(histories) == [("tests.test_a.test_x", "check test", "branch")]
    assert is_flaky(judge(histories["tests.test_a.test_x", "check test", "branch"]))


@pytest.mark.parametrize(
    "other",
    [
        "tests/test_a.py::TestB::test_c[x/y.py::z]",
        "tests.test_a.TestB::test_c[x/y.py::z]",
        "./tests/test_a.py::TestB::test_c[x/y.py::z]",
    ],
)
def test_a_test_is_one_however_it_is_written(other: str) -> None:
    assert normalise(other) == "tests.test_a.TestB.test_c[x/y.py::z]"
    assert normalise("test_c (tests.test_a.TestB)") == normalise("tests/test_a.py::TestB::test_c")


def test_hostile_reports_are_passed_over() -> None:
    entity = b"<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite><testcase name='&b;'/></testsuite>"
    assert read_report([("a.xml", entity), ("b.xml", b"\xff\xfe\x00"), ("c.xml", b"")]).left_out
    skipped = b"<testsuite><testcase name='a'><skipped/></testcase></testsuite>"
    assert read_report([("a.xml", skipped)]).left_out == "no test ran"
    both = read_report([("a.xml", RED), ("b.xml", GREEN)])
    assert both.failed == {"tests.test_a::test_x"}, "the worst of several counts"
