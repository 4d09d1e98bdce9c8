"""The layer itself: what a signature means, what the document says, what the limits are."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dispatch.spec import TaskSpec
from bot.doors.api.aliases import ALIASES
from bot.doors.api.application import list_operations
from bot.doors.api.document import describe
from bot.doors.api.fields import PageQuery, TaskId
from bot.doors.api.operation import make_operation
from bot.doors.api.starting import make_body
from bot.doors.api.tokens import make_token, read_token
from bot.engine.port import Ctx, Outcome
from bot.money import micro_dollars
from bot.types import JsonModel
from bot.work.origin import Request, TaskInput
from bot.work.services import Services
from handlers import HANDLERS
from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import rows
from tests.support.api import Asker, asker
from tests.support.within import within

DOCUMENT = describe(list_operations(HANDLERS.registry))


class Found(JsonModel):
    """An answer."""

    words: str


async def look(id: TaskId, query: PageQuery) -> Found:
    """Look somewhere.

    And say
    what is there.
    """
    return Found(words=f"{id} {query.limit}")


async def misspelt(id: TaskId, qeury: PageQuery) -> Found:
    return Found(words="")


def test_a_signature_is_an_operation() -> None:
    made = make_operation("GET", "/things/{id}", look, tag="things", scope="read")
    assert (made.route, made.name) == ("/things/{id:[0-9a-f]{12}}", "look")
    assert (made.summary, made.description) == ("Look somewhere.", "And say what is there.")
    described = describe([made])
    operation = described["paths"]["/api/things/{id}"]["get"]
    assert [each["name"] for each in operation["parameters"]] == ["id", "limit", "cursor"]
    assert set(operation["responses"]) == {"200", "400", "401", "403", "404", "429", "503"}
    assert "PageQuery" not in described["components"]["schemas"]


@pytest.mark.parametrize(("path", "run"), [("/things/{id}", misspelt), ("/things", look), ("/{id}/{other}", look)])
def test_a_signature_that_does_not_fit_is_a_mistake_at_once(path: str, run: Any) -> None:
    with pytest.raises(TypeError, match="do not fit the path"):
        make_operation("GET", path, run, tag="things", scope="read")


def test_every_task_is_an_operation_with_its_own_fields() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for spec in HANDLERS.registry:
        path = DOCUMENT["paths"].get(f"/api/v1/tasks/{spec.name}")
        assert (path is not None) is spec.doors.command
        if path is None:
            continue
        body = path["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        about = {"repository", "number", *(["thread"] if "thread" in spec.subjects else ())}
        where = {"deliver"} if len(spec.outlets) > 1 else set()
        assert set(schemas[body]["properties"]) == about | where | set(spec.input.model_fields)
        assert path["post"]["summary"] == spec.summary


def test_every_operation_has_a_name_of_its_own_and_tells_what_it_does() -> None:
    operations = [each for path in DOCUMENT["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert all(each["summary"].endswith(".") for each in operations)
    assert all({"401", "403", "429"} <= set(each["responses"]) for each in operations if each["security"])


def test_what_is_started_links_to_what_reads_it() -> None:
    accepted = DOCUMENT["paths"]["/api/v1/tasks/fix"]["post"]["responses"]["202"]
    reading = {"read_task", "read_result", "list_artifacts", "list_stages", "list_calls"}
    assert set(accepted["links"]) == {*reading, "read_task_status", "follow_task"}
    assert accepted["links"]["read_task"]["parameters"] == {"id": "$response.body#/id"}


async def nothing(_ctx: Ctx, _services: Services, _request: Request[Any]) -> Outcome:
    return Outcome(state="done", summary="")


def whole_repository(**given: Any) -> TaskSpec[Any]:
    common = {"name": "tidy", "summary": "Tidies.", "details": "", "examples": (), "input": TaskInput, "run": nothing}
    more = {"subjects": frozenset({"repository"}), "stages": {}, "request": Request[TaskInput]}
    return TaskSpec(**(common | more | given))


def test_a_number_is_asked_for_where_a_task_needs_one() -> None:
    assert set(make_body(whole_repository()).model_fields) == {"repository"}
    both = make_body(whole_repository(subjects=frozenset({"repository", "issue"})))
    assert both.model_fields["number"].is_required() is False
    assert make_body(whole_repository(subjects=frozenset({"issue"}))).model_fields["number"].is_required()


async def test_a_task_of_a_whole_repository_is_started_without_a_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tests.support.within as support

    spec = whole_repository()
    extended = type(HANDLERS)(HANDLERS.registry.extended(spec), HANDLERS.builtins, HANDLERS.events)
    monkeypatch.setattr(support, "HANDLERS", extended)
    async with within(tmp_path, SAMPLE) as story:
        program = asker(story, story.maintainer)
        answer = await program.start("tidy", None)
        assert (answer.status, answer.data["number"], answer.data["task"]) == (202, None, "tidy")
        assert (await program.start("tidy", 1)).status == 400
        assert rows(story, "select number, active_key from fh_task") == [(None, None)]
        assert (await program.ask("POST", f"{answer.data['url']}/cancel")).status == 202
        again = await program.ask("POST", f"{answer.data['url']}/retry", Idempotency_Key="again")
        assert (again.status, again.data["parent"]) == (202, answer.data["id"])


async def test_the_paths_of_others_lead_to_our_tasks_or_say_that_there_is_none(tmp_path: Path) -> None:
    known = {spec.name for spec in HANDLERS.registry}
    async with within(tmp_path, SAMPLE) as story:
        program = asker(story, story.maintainer)
        number = await story.file("A", "B", label=None)
        data = {"repository": "octo/sample", "number": number}
        for alias in ALIASES:
            answer = await program.ask("POST", f"/api{alias.path}", data, Idempotency_Key=alias.path)
            assert f"/api{alias.path}" in DOCUMENT["paths"]
            if alias.task not in known:
                assert (answer.status, f"has no task `{alias.task}`" in answer.data["detail"]) == (501, True)
        # of an issue there is no review
        begun = {(alias.task, "api") for alias in ALIASES if alias.task in known - {"review"}}
        assert set(rows(story, "select flow, source from fh_task")) == begun
        ((task,),) = rows(story, "select id from fh_task where flow = 'fix'")
        status, plain = await program.get(f"/api/v1/tasks/{task}/status"), await program.get(f"/api/v1/tasks/{task}")
        assert (status.status, status.data) == (200, plain.data)
        assert (await Asker(story, None).ask("POST", "/api/ai/generate/code")).status == 401


async def test_too_many_requests_are_told_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.rates.time", SimpleNamespace(monotonic=lambda: 0.0))  # on a busy machine buckets fill up
    async with within(tmp_path, SAMPLE, api_requests_a_minute=3) as story:
        program, other = asker(story, story.maintainer), asker(story, story.maintainer)
        answers = [await program.get("/api/v1/task-types") for _ in range(5)]
        assert [each.status for each in answers] == [200, 200, 200, 429, 429]
        assert int(answers[-1].headers["Retry-After"]) == 21
        assert (await other.get("/api/v1/task-types")).status == 200, "each token has a limit of its own"
        more = [asker(story, story.maintainer) for _ in range(4)]
        statuses = [(await each.get("/api/v1/task-types")).status for each in more for _ in range(3)]
        assert (statuses[:11].count(200), statuses[11]) == (11, 429), "and an account fifteen requests in all"


def test_tokens_know_their_own_kind() -> None:
    token = make_token()
    assert (len(token.text), token.text[:4], token.prefix) == (46, "fhp_", token.text[:10])
    assert read_token(token.text) == token
    assert len({make_token().text for _ in range(100)}) == 100


@given(st.text(max_size=60))
def test_what_is_no_token_is_not_looked_up(text: str) -> None:
    assert read_token(text) is None


@given(st.integers(0, 45), st.sampled_from("0Aaz_- "))
def test_a_mistyped_token_is_not_looked_up(position: int, letter: str) -> None:
    text = make_token().text
    wrong = text[:position] + letter + text[position + 1 :]
    assert (read_token(wrong) is not None) is (wrong == text)


@pytest.mark.parametrize(("dollars", "micro"), [(0.0, 0), (0.25, 250_000), (0.0000001, 1), (0.1 + 0.2, 300_000)])
def test_money_is_whole_millionths(dollars: float, micro: int) -> None:
    assert micro_dollars(dollars) == micro
