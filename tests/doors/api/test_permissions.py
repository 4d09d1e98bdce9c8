"""Who may do what: strangers nothing, and each token no more than its scopes and its account."""

from __future__ import annotations

import re
from typing import Any

import pytest

from bot.doors.api.application import list_operations
from bot.doors.api.operation import Operation
from bot.doors.webhook.endpoint import Endpoint
from bot.store import tokens
from bot.web.server import make_web
from handlers import HANDLERS
from simhub.model import Account
from tests.e2e.scenes import handled, place, rows
from tests.support.api import Asker, asker, opened
from tests.support.story import SECRET, Story

OPERATIONS = list_operations(HANDLERS.registry)
OPEN = {"/v1/health", "/v1/openapi.json"}
UNKNOWN = "@{} has no permission in this repository; this needs read permission."


def path_of(operation: Operation, task: str = "0123456789ab") -> str:
    given = {"id": task, "provider": "openai", "key": "key-0123456789ab", "guid": "0123456789ab"}
    given |= {"id": "12"} if "deployments" in operation.path else {}
    given["name"] = "KEY" if "keys" in operation.path else "change.patch"
    path = re.sub(r"{(\w+)}", lambda match: given[match[1]], operation.path)
    return f"/api{path}" + ("?repository=octo/sample" if operation.method == "GET" and operation.query else "")


async def test_no_route_answers_without_a_token(story: Story) -> None:
    live = asker(story, story.maintainer)
    assert live.token is not None
    wrong = [None, "", "x", "fhp_" + "a" * 42, live.token[:-1], live.token + "a", live.token.upper(), "\u00e9" * 46]
    closed = [each for each in OPERATIONS if each.path not in OPEN]
    assert {each.path for each in OPERATIONS if each.scope is None} == OPEN
    for operation in closed:
        answer = await Asker(story, None).ask(operation.method, path_of(operation))
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="forgehand"'), operation
        assert answer.headers["Content-Type"].startswith("application/problem+json")
    for token in wrong[1:]:
        assert (await Asker(story, token).get("/api/v1/task-types")).status == 401, token
    for header in (f"token {live.token}", f"Basic {live.token}", live.token):
        assert (await Asker(story, None).get("/api/v1/task-types", Authorization=header)).status == 401
    assert (await Asker(story, None).get(f"/api/v1/task-types?access_token={live.token}")).status == 401
    assert not rows(story, "select 1 from fh_task union select 1 from fh_audit")
    assert (await Asker(story, None).get("/api/v1/health")).data["status"] == "ok"
    assert (await Asker(story, None).get("/api/v1/openapi.json")).data["openapi"] == "3.1.0"


async def test_no_other_route_of_the_server_answers_strangers(story: Story) -> None:
    async def accept(_delivery: object) -> None:
        raise AssertionError("nothing is delivered")

    with opened(story) as store:
        web = make_web(store, Endpoint(accept, [SECRET]).routes(), {})
    routes = [(each.method, each.resource.canonical) for each in web.router.routes() if each.resource is not None]
    nobody = Asker(story, None)
    asked = {(method, path): (await nobody.ask(method, path)).status for method, path in routes}
    answered = {path for (_, path), status in asked.items() if status < 400}
    assert answered == {"/healthz", "/readyz"}
    assert (await nobody.get("/metrics")).status == 404
    assert 400 <= asked["POST", "/webhook"] < 500


async def test_addresses_and_methods_that_are_none_are_problems(story: Story) -> None:
    nobody = Asker(story, None)
    for path in ("/api/", "/api/v1", "/api/v1/tasks/zz", "/api/v2/tasks", "/api/v1/tasks/../../healthz/x"):
        answer = await nobody.get(path)
        assert answer.status == 404, path
        if path.startswith("/api/v1/tasks/z"):
            assert answer.data["detail"] == "There is nothing at this address."
    for method, path, allowed in (
        ("GET", "/api/v1/tasks/fix", "POST"),
        ("HEAD", "/api/v1/tasks", "GET"),
        ("PUT", "/api/v1/tasks/0123456789ab", "GET"),
        ("OPTIONS", "/api/v1/health", "GET"),
    ):
        answer = await nobody.ask(method, path)
        assert (answer.status, answer.headers["Allow"]) == (405, allowed), path


@pytest.mark.parametrize("scope", ["read", "run", "admin"])
async def test_a_scope_opens_its_own_operations_only(story: Story, scope: Any) -> None:
    program = asker(story, story.maintainer, scope)
    for operation in OPERATIONS:
        if operation.scope is None:
            continue
        answer = await program.ask(operation.method, path_of(operation))
        opened_by = {"read", "admin"} if operation.scope == "read" else {operation.scope}
        opened_by |= {"admin"} if operation.administrators else set()
        lacking = answer.status == 403 and "lacks the scope" in answer.text
        assert lacking is (scope not in opened_by), (scope, operation.path, answer.text)


async def people(story: Story) -> dict[str, Account]:
    """Somebody of every role in a private repository."""
    story.repository.private = True
    found = {}
    for role in ("none", "read", "triage", "write", "maintain", "admin"):
        found[role] = story.hub.create_user(f"{role}-person")
        if role != "none":
            story.hub.set_permission(story.repository, found[role].login, role)
    return found


async def test_an_account_may_what_github_says_it_may(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
    for role, account in (await people(story)).items():
        program = asker(story, account, "read", "run")
        reads = role != "none"
        writes = role in {"write", "maintain", "admin"}
        for path in (f"tasks/{task}", f"tasks/{task}/result", f"tasks/{task}/events"):
            if path.endswith("events") and reads:
                continue  # it would not end
            allowed = {409} if path.endswith("result") else {200}
            assert (await program.get(f"/api/v1/{path}")).status in (allowed if reads else {404}), (role, path)
        for path in ("tasks", "policy", "usage"):
            answer = await program.get(f"/api/v1/{path}?repository=octo/sample")
            assert answer.status == (200 if reads else 403), (role, path)
        started = await program.start("ask", number, text="Why?")
        assert started.status == (202 if writes else 403), role
        if role == "none":
            assert started.data["detail"] == UNKNOWN.format(account.login)
        elif not writes:
            assert started.data["detail"].endswith(f"has {role} permission here; this needs write permission.")
        stopped = await program.ask("POST", f"/api/v1/tasks/{task}/retry", Idempotency_Key="r")
        assert stopped.status == ({True: 409, False: 403}[writes] if reads else 404), role
        told = rows(story, "select allowed from fh_audit where actor = ? and action = 'start ask'", account.login)
        assert told == [(int(writes),)], role


async def test_who_may_not_write_stops_nothing(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
    reader = (await people(story))["read"]
    answer = await asker(story, reader).ask("POST", f"/api/v1/tasks/{task}/cancel")
    assert (answer.status, answer.data["detail"]) == (
        403,
        "@read-person has read permission here; this needs write permission.",
    )
    assert rows(story, "select state, cancel from fh_task") == [("queued", None)]
    assert rows(story, "select action, allowed from fh_audit where actor = 'read-person'") == [("cancel fix", 0)]


async def test_unknown_and_forbidden_repositories_are_refused_alike(story: Story) -> None:
    story.repository.private = True
    hidden = story.hub.create_repository("octo/hidden")
    other = story.hub.create_repository("else/where")
    stranger = story.hub.create_user("stranger")
    story.hub.set_permission(hidden, "stranger", "admin")
    story.hub.set_permission(other, "stranger", "admin")
    program = asker(story, stranger)
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
    # installed but not theirs; theirs but not installed; of nobody; no name at all
    for name in ("octo/sample", "octo/hidden", "else/where", "octo/nothing", "nobody/nothing", "octo/.."):
        for answer in (
            await program.ask(
                "POST", "/api/v1/tasks/fix", {"repository": name, "number": number}, Idempotency_Key=f"k-{name}"
            ),
            await program.get(f"/api/v1/tasks?repository={name}"),
            await program.get(f"/api/v1/policy?repository={name}"),
            await program.get(f"/api/v1/usage?repository={name}"),
        ):
            assert (answer.status, answer.data["detail"]) == (403, UNKNOWN.format("stranger")), name
    unknown, forbidden = await program.get("/api/v1/tasks/000000000000"), await program.get(f"/api/v1/tasks/{task}")
    assert (unknown.status, unknown.text) == (forbidden.status, forbidden.text)
    assert (await program.get("/api/v1/tasks")).status == 403
    assert rows(story, "select count(*) from fh_audit where actor = 'stranger' and allowed = 1") == [(0,)]


async def test_unknown_and_forbidden_repositories_cost_the_same_questions(story: Story) -> None:
    hidden = place(story, "hidden").repository
    hidden.private = True
    other = story.hub.create_repository("else/where")  # exists, without the App
    number = await story.file("A", "B", label=None)
    await handled(story)
    first = asker(story, story.hub.create_user("first"))
    await first.get("/api/v1/policy?repository=octo/hidden")  # what is kept for an hour is there from here on

    async def asked(program: Asker, name: str, path: str) -> list[tuple[str, str]]:
        before = len(story.hub.requests)
        if path == "start":
            body = {"repository": name, "number": number}
            answer = await program.ask("POST", "/api/v1/tasks/fix", body, Idempotency_Key=name)
        else:
            answer = await program.get(f"/api/v1/{path}?repository={name}")
        assert answer.status == 403
        return [(each.method, each.route) for each in story.hub.requests[before:]]

    for path in ("policy", "tasks", "usage", "start"):
        # nobody's role is known yet; the second holds a token for another repository
        stranger, colleague = story.hub.create_user(f"{path}-a"), story.hub.create_user(f"{path}-b")
        story.hub.set_permission(hidden, colleague.login, "write")
        for program in (asker(story, stranger), asker(story, colleague, repositories=[story.repository])):
            unknown = await asked(program, "octo/nothing", path)
            assert len(unknown) == 3, path
            assert await asked(program, hidden.full_name, path) == unknown, path
            assert await asked(program, other.full_name, path) == unknown, path


async def test_unknown_and_forbidden_tasks_cost_the_same_questions(story: Story) -> None:
    story.repository.private = True
    second = place(story, "second")
    known = asker(story, story.maintainer)
    forbidden = [(await known.start("fix", await story.file("A", "B", label=None))).data["id"] for _ in range(2)]
    first = asker(story, story.hub.create_user("first"))
    await first.get("/api/v1/tasks/000000000000")  # what is kept for an hour is there from here on
    stranger, colleague = story.hub.create_user("stranger"), story.hub.create_user("colleague")
    story.hub.set_permission(second.repository, "colleague", "write")
    for program in (asker(story, stranger), asker(story, colleague, repositories=[second.repository])):
        asked = []
        for task in (forbidden[0], "000000000000", forbidden[0], "000000000000", forbidden[1], "000000000001"):
            before = len(story.hub.requests)
            for path in ("", "/result"):
                answer = await program.get(f"/api/v1/tasks/{task}{path}")
                assert answer.status == 404
            asked.append([(each.method, each.route) for each in story.hub.requests[before:]])
        assert [len(each) for each in asked] == [1, 1, 0, 0, 1, 1]
        assert asked[0] == asked[1] == asked[4] == asked[5]


async def test_a_token_of_another_repository_reaches_no_other(story: Story) -> None:
    second = place(story, "second")
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
    bound = asker(story, story.maintainer, "read", "run", "admin", repositories=[second.repository])
    assert (await bound.start("fix", number)).data["detail"] == UNKNOWN.format("mara")
    assert (await bound.get(f"/api/v1/tasks/{task}")).status == 404
    assert (await bound.get("/api/v1/tasks?repository=octo/sample")).status == 403
    for everything in ("usage", "audit", "deliveries"):
        assert (await bound.get(f"/api/v1/{everything}")).status == 403, everything
    own = await second.file("A", "B", label=None)
    bound.story = second
    started = await bound.start("ask", own, text="Why?")
    assert started.status == 202
    assert [each["id"] for each in (await bound.get("/api/v1/tasks")).data["items"]] == [started.data["id"]]
    gone = story.hub.create_repository("octo/gone")
    both = asker(story, story.maintainer, repositories=[gone, second.repository])
    assert [each["id"] for each in (await both.get("/api/v1/tasks")).data["items"]] == [started.data["id"]]
    both_ids = await asker(story, story.maintainer, "admin").get("/api/v1/tasks")
    assert {each["id"] for each in both_ids.data["items"]} == {task, started.data["id"]}


async def test_where_the_app_was_taken_off_nothing_is_read_or_started(story: Story) -> None:
    program = asker(story, story.maintainer)
    number = await story.file("A", "B", label=None)
    task = (await program.start("fix", number)).data["id"]
    (installation,) = story.hub.world.installations.values()
    story.hub.change_repositories(installation, remove=[story.repository])
    await handled(story)
    assert (await program.get(f"/api/v1/tasks/{task}")).status == 404
    for answer in (await program.get("/api/v1/tasks?repository=octo/sample"), await program.start("fix", number)):
        assert (answer.status, answer.data["detail"]) == (403, UNKNOWN.format("mara"))
    assert (await asker(story, story.maintainer, "admin").get(f"/api/v1/tasks/{task}")).status == 200


async def test_administrators_read_and_stop_everything_and_start_nothing_more(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    task = (await asker(story, story.maintainer).start("fix", number)).data["id"]
    account = (await people(story))["none"]
    admin = asker(story, account, "admin", "run")
    assert (await admin.get(f"/api/v1/tasks/{task}")).status == 200
    assert (await admin.get("/api/v1/tasks?repository=octo/sample")).status == 200
    assert (await admin.start("fix", number)).status == 403
    bound = asker(story, account, "admin", "run", repositories=[story.repository])
    assert (await bound.ask("POST", f"/api/v1/tasks/{task}/cancel")).status == 403
    alone = asker(story, account, "admin")
    assert (await alone.ask("POST", f"/api/v1/tasks/{task}/cancel")).status == 202
    (row,) = (await admin.get(f"/api/v1/audit?actor={account.login}&allowed=true")).data["items"]
    assert (row["action"], row["reason"]) == ("cancel fix", f"{account.login} administers this server.")


async def test_expired_and_revoked_tokens_are_worth_nothing(story: Story) -> None:
    expired, program = asker(story, story.maintainer, days=-0.001), asker(story, story.maintainer)
    assert (await expired.get("/api/v1/task-types")).status == 401
    assert (await program.get("/api/v1/task-types")).status == 200
    with opened(story) as store:
        newest = store.run_sync(tokens.list_all)[-1]
        assert newest.used is not None
        assert store.run_sync(lambda connection: tokens.revoke(connection, newest.id))
        assert not store.run_sync(lambda connection: tokens.revoke(connection, newest.id))
    answer = await program.get("/api/v1/task-types")
    assert (answer.status, "expired or revoked" in answer.text) == (401, True)


async def test_no_token_is_stored_logged_or_answered(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    program = asker(story, story.maintainer, "read", "run", "admin")
    assert program.token is not None
    number = await story.file("A", "B", label=None)
    await program.start("fix", number)
    for path in ("audit", "tasks", "deliveries", "task-types"):
        assert program.token not in (await program.get(f"/api/v1/{path}")).text
    assert program.token.encode() not in (story.root / "data" / "forgehand.db").read_bytes()
    out, err = capfd.readouterr()
    assert program.token not in out + err
