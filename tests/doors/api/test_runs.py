"""Runs of GitHub Actions ask: as the account that set them off, in their own repository, each token once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest

from bot.doors.api import streams
from simhub.model import WorkflowRun
from tests.doors.api.test_events import follow
from tests.doors.test_commands import pull
from tests.e2e.conftest import SAMPLE
from tests.e2e.scenes import git, place, put, rows
from tests.support.api import Answer, Asker, asker
from tests.support.keys import key_pair
from tests.support.runs import begin, origin, step
from tests.support.story import Story
from tests.support.within import within

Forge = Callable[[Story, WorkflowRun], str]
GOOD = {"task": "fix", "door": "action", "actor": "mara"}


async def show(story: Story, token: str, number: int, key: str = "k", repository: str = "octo/sample") -> Answer:
    """Ask for a fix with this token."""
    body = {"repository": repository, "number": number}
    return await Asker(story, token).ask("POST", "/api/v1/tasks/fix", body, Idempotency_Key=key)


def refusals(story: Story) -> list[tuple[Any, ...]]:
    return rows(story, "select action, actor, repository, reason from fh_audit where not allowed order by id")


def claim_of(answer: Answer) -> str:
    """The claim that a refusal is about."""
    (wrong,) = answer.data["errors"]
    assert wrong["problem"] == answer.data["detail"]
    return str(wrong["where"])


def minted(**claims: Any) -> Forge:
    """A token that GitHub signs, with these claims instead of the run's."""

    def forge(story: Story, run: WorkflowRun) -> str:
        stated = {name: value() if callable(value) else value for name, value in claims.items()}
        return story.hub.id_tokens.mint(run, origin(story), **stated)

    return forge


def signed_by(algorithm: str, key: Any = None, **header: Any) -> Forge:
    """A token whose claims are right, signed by somebody who is not GitHub."""

    def forge(story: Story, run: WorkflowRun) -> str:
        real = story.hub.id_tokens.mint(run, origin(story))
        kept = {"kid": jwt.get_unverified_header(real)["kid"], **header}
        return jwt.encode(jwt.decode(real, options={"verify_signature": False}), key, algorithm, headers=kept)

    return forge


def part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def public_key_as_secret(story: Story, run: WorkflowRun) -> str:
    """A token whose MAC is made with the issuer's public key, which everybody has."""
    real = story.hub.id_tokens.mint(run, origin(story))
    head = {"alg": "HS256", "typ": "JWT", "kid": jwt.get_unverified_header(real)["kid"]}
    text = f"{part(head)}.{real.split('.')[1]}"
    mac = hmac.new(story.hub.id_tokens.public_key.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def rewritten(**claims: Any) -> Forge:
    """A token whose claims were changed after it was signed."""

    def forge(story: Story, run: WorkflowRun) -> str:
        head, body, signature = story.hub.id_tokens.mint(run, origin(story)).split(".")
        signed = json.loads(base64.urlsafe_b64decode(body + "=="))
        return f"{head}.{part({**signed, **claims})}.{signature}"

    return forge


def now(seconds: int) -> int:
    return int(time.time()) + seconds


def after(seconds: int) -> Callable[[], int]:
    """A moment from when the token is made."""
    return lambda: now(seconds)


OTHER = {"repository": "octo/other", "repository_id": "74"}
ATTACKS: dict[str, tuple[Forge, int, str, str]] = {
    "another audience": (
        lambda story, run: story.hub.id_tokens.mint(run), 401, "aud", "with the audience `http://127.0.0.1:",
    ),
    "several audiences": (
        lambda story, run: story.hub.id_tokens.mint(run, aud=[origin(story), "sigstore"]), 401, "aud", "the audience",
    ),
    "another issuer": (minted(iss="https://token.actions.githubusercontent.com"), 401, "iss", "these issuers: http"),
    "an issuer that is no text": (rewritten(iss=["a"]), 401, "iss", "trusts these issuers"),
    "no issuer": (minted(iss=None), 401, "iss", "trusts these issuers"),
    "expired": (minted(exp=after(-90)), 401, "exp", "has expired. Ask the runner for a new token"),
    "kept for later": (minted(iat=after(-700), exp=after(20_000)), 401, "iat", "older than 10 minutes"),
    "from the future": (minted(iat=after(600)), 401, "iat", "from the future"),
    "not yet valid": (minted(nbf=after(600)), 401, "nbf", "not valid yet"),
    "without an end": (minted(exp=None), 401, "exp", "It is missing"),
    "without an id": (minted(jti=None), 401, "jti", "It is missing"),
    "an id that is no text": (minted(jti="a\u0000b"), 401, "jti", "not what GitHub sends"),
    "no actor": (minted(actor_id=None), 401, "actor_id", "not what GitHub sends"),
    "another repository": (minted(**OTHER), 403, "repository_id", "The run is of octo/other"),
    "another repository of the same name": (
        minted(repository_id="74"), 403, "repository_id", "The run is of octo/sample",
    ),
    "a subject that lies, old form": (
        minted(sub="repo:octo/sample:ref:refs/heads/main", **OTHER), 403, "repository_id", "The run is of octo/other",
    ),
    "a subject that lies, new form": (
        minted(sub="repo:octo@1/sample@2:ref:refs/heads/main", **OTHER), 403, "repository_id", "is of octo/other",
    ),
    "another account of the same name": (minted(actor_id="74"), 403, "actor_id", "@mara, who set the run off, cannot"),
    "a bot": (minted(actor="renovate[bot]"), 403, "actor_id", "a bot that is not trusted"),
    "pull_request_target": (minted(event_name="pull_request_target"), 403, "event_name", "may not ask, those of"),
    "workflow_run": (minted(event_name="workflow_run"), 403, "event_name", "Runs of `workflow_run` may not"),
    "no algorithm": (signed_by("none"), 401, "alg", "Only RS256 is accepted"),
    "a public key as secret": (public_key_as_secret, 401, "alg", "Only RS256 is accepted"),
    "another algorithm": (signed_by("RS512", key_pair()[0]), 401, "alg", "Only RS256 is accepted"),
    "an unknown key": (signed_by("RS256", key_pair()[0], kid="another"), 401, "kid", "Its issuer has no such key"),
    "a key of their own": (signed_by("RS256", key_pair()[0], jku="https://example.org/jwks"), 401, "signature", "not"),
    "changed claims": (rewritten(actor_id="1"), 401, "signature", "not its issuer's"),
    "no token": (lambda _story, _run: "a.b.c", 401, "form", "It is not a token of GitHub Actions"),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_refused_with_its_reason(story: Story, name: str) -> None:
    forge, status, claim, reason = ATTACKS[name]
    number = await story.file("A", "B", label=None)
    answer = await show(story, forge(story, await begin(story)), number)
    assert (answer.status, claim_of(answer)) == (status, f"token.{claim}")
    assert ("WWW-Authenticate" in answer.headers) is (status == 401)
    ((_, _, _, audited),) = refusals(story)
    assert audited == answer.data["detail"]
    assert f"`{claim}` is refused" in audited
    assert reason in audited
    assert rows(story, "select 1 from fh_task") == []


async def test_bytes_that_are_no_text_are_no_token(story: Story) -> None:
    """No client library sends them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", story.port)
    writer.write(
        b"GET /api/v1/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff.a.b\r\nConnection: close\r\n\r\n"
    )
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401")
    assert refusals(story)[0][-1] == "The token's `form` is refused. It is not a token of GitHub Actions."


async def test_a_run_starts_a_task_follows_it_and_stops_it(story: Story) -> None:
    number = await story.file("Cents are lost", "B", label=None)
    program = await step(story, "issues")
    started = await program.start("fix", number, "k", hint="prices.py")
    assert started.status == 202, started.text
    task = started.data["url"]
    assert {name: started.data[name] for name in GOOD} == GOOD
    again = await program.start("fix", number, "k", hint="prices.py")
    assert (again.status, again.data["id"]) == (200, started.data["id"])
    assert (await program.get(task)).data["state"] == "queued"
    assert [each["id"] for each in (await program.get("/api/v1/tasks")).data["items"]] == [started.data["id"]]
    assert (await program.ask("POST", f"{task}/cancel")).status == 202
    program.token = await program.fetch()
    assert [each["kind"] async for each in follow(program, started.data["id"])][-1] == "ended"
    kinds = "json_extract(argument, '$.origin.principal.kind'), json_extract(argument, '$.origin.principal.role.name')"
    assert rows(story, f"select source, actor, {kinds} from fh_task") == [("action", "mara", "action", "admin")]
    ((run, allowed),) = rows(
        story, "select delivery, allowed from fh_audit where action = 'start fix' group by delivery"
    )
    assert (run, allowed) == (f"run-{story.repository.id}-{story.repository.workflow_runs[-1].id}", 1)


async def test_a_token_is_good_for_one_request(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    program = await step(story)
    token = await program.fetch()
    first = await show(story, token, number)
    assert first.status == 202
    for answer in (await show(story, token, number), await Asker(story, token).get(first.data["url"])):
        assert (answer.status, claim_of(answer)) == (401, "token.jti")
    assert refusals(story) == [
        ("show a token of GitHub Actions", "mara", "octo/sample", "The token's `jti` is refused. It was used before. "
         "Ask the runner for a new token for each request.")
    ] * 2  # fmt: skip
    assert len(rows(story, "select 1 from fh_task")) == 1
    used = rows(story, "select issuer, expires from fh_used_token")
    assert [issuer for issuer, _ in used] == [story.hub.id_tokens.issuer]
    assert now(300) < used[0][1] / 1000 <= now(365)


async def test_a_stream_ends_with_its_token(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_CHECK_SECONDS", 0)
    monkeypatch.setattr(streams, "_LOOK_SECONDS", 0.1)
    number = await story.file("A", "B", label=None)
    run = await begin(story)
    started = await show(story, story.hub.id_tokens.mint(run, origin(story)), number)
    short = Asker(story, story.hub.id_tokens.mint(run, origin(story), exp=now(1)))
    assert [each["kind"] async for each in follow(short, started.data["id"])] == ["queued"]
    assert rows(story, "select state from fh_task") == [("queued",)]


async def test_attempts_of_a_run_share_its_keys_and_runs_do_not(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    run = await begin(story)
    tokens = story.hub.id_tokens
    first = await show(story, tokens.mint(run, origin(story)), number)
    again = await show(story, tokens.mint(run, origin(story), run_attempt="2"), number)
    assert (first.status, again.status, again.data["id"]) == (202, 200, first.data["id"])
    with_another_body = await Asker(story, tokens.mint(run, origin(story))).start("ask", number, "k", text="Why?")
    assert with_another_body.status == 409
    other = await step(story)
    assert (await other.start("ask", number, "k", text="Why?")).status == 202


async def test_keys_may_change(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    run = await begin(story)
    tokens = story.hub.id_tokens
    old, older = (tokens.mint(run, origin(story)) for _ in range(2))
    assert (await show(story, old, number)).status == 202
    tokens.rotate()
    assert (await show(story, tokens.mint(run, origin(story)), number)).status == 200
    withdrawn = await show(story, older, number)
    assert (withdrawn.status, claim_of(withdrawn)) == (401, "token.kid")


async def test_strangers_cannot_make_us_ask_for_keys_again_and_again(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    run = await begin(story)
    assert (await show(story, story.hub.id_tokens.mint(run, origin(story)), number)).status == 202
    assert story.hub.id_tokens.published == 1
    for kid in "abc":
        forged = signed_by("RS256", key_pair()[0], kid=kid)(story, run)
        assert (await show(story, forged, number)).status == 401
    assert story.hub.id_tokens.published == 2


async def test_without_the_issuer_nobody_can_tell_and_known_keys_do(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    run = await begin(story)
    tokens = story.hub.id_tokens
    token = tokens.mint(run, origin(story))
    tokens.down = True
    answer = await show(story, token, number)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert refusals(story) == []
    other = await Asker(story, "a.b.c").get("/api/v1/tasks")
    assert other.status == 401


async def test_wrong_tokens_leave_no_more_rows_than_a_minute_holds(story: Story) -> None:
    answers = [await Asker(story, f"a.{number}.c").get("/api/v1/tasks") for number in range(70)]
    assert {each.status for each in answers} == {401}
    assert 60 <= len(refusals(story)) < 70


async def test_who_set_a_run_off_must_be_allowed_as_for_comments(story: Story) -> None:
    number = await story.file("A", "B", label=None)
    for login, role, status in (("theo", "triage", 403), ("will", "write", 202)):
        account = story.hub.create_user(login)
        story.hub.set_permission(story.repository, login, role)
        program = await step(story, "issue_comment", by=account)
        answer = await program.start("fix", number)
        assert (answer.status, claim_of(answer) if status == 403 else "") == (
            status,
            "token.actor_id" * (status == 403),
        )
    triage = "@theo has triage permission here; this needs write permission."
    assert refusals(story) == [("start fix", "theo", "octo/sample", triage)]


async def test_a_trusted_bot_may_let_its_runs_ask(tmp_path: Path) -> None:
    async with within(tmp_path, SAMPLE, trusted_bots=["renovate"]) as story:
        number = await story.file("A", "B", label=None)
        program = await step(story, by=story.hub.create_user("renovate[bot]", "Bot"))
        assert (await program.start("fix", number)).status == 202


async def test_the_code_of_a_fork_may_not_ask_whoever_set_it_off(story: Story) -> None:
    """Its jobs get no token; where a repository lets them have one, the pull request is looked at."""
    stranger = story.hub.create_user("zed")
    fork = story.hub.fork(story.repository, "zed")
    number = await pull(story)
    run = await begin(story, "pull_request", by=stranger, head_repository=fork)
    assert story.hub.id_tokens.admit(run) == {}
    own = await begin(story, "pull_request", head_sha=git(story, "rev-parse", "topic"), branch="topic")
    tokens = story.hub.id_tokens
    assert (await show(story, tokens.mint(own, origin(story)), number)).status == 202
    await put(replace(story, repository=fork, maintainer=stranger), "evil.txt", "x")
    wanted = {"title": "Q", "head": "zed:main", "base": "main", "body": ""}
    made = await story.request("POST", "/pulls", wanted, by=stranger)
    forked = tokens.mint(own, origin(story), ref=f"refs/pull/{made['number']}/merge")
    answer = await show(story, forked, number, "k2")
    assert (answer.status, claim_of(answer)) == (403, "token.ref")
    # The stranger's pull request is refused its own tasks meanwhile: whichever comes last.
    assert any("code of a pull request from a fork" in reason for *_, reason in refusals(story))


async def test_a_run_sees_its_own_repository_only(story: Story) -> None:
    elsewhere = place(story, "elsewhere")
    number = await elsewhere.file("A", "B", label=None)
    task = (await asker(elsewhere, elsewhere.maintainer).start("fix", number)).data["url"]
    program = await step(story)
    for path in (task, f"{task}/events", f"{task}/result"):
        assert (await program.get(path)).status == 404
    for path in ("tasks", "policy", "usage"):
        assert (await program.get(f"/api/v1/{path}?repository=octo/elsewhere")).status == 403
    assert (await program.ask("POST", f"{task}/cancel")).status == 404
    for path in ("audit", "deliveries"):
        assert (await program.get(f"/api/v1/{path}")).status == 403
    asked = await program.ask(
        "POST", "/api/v1/tasks/fix", {"repository": "octo/elsewhere", "number": number}, Idempotency_Key="k"
    )
    unknown = await program.ask(
        "POST", "/api/v1/tasks/fix", {"repository": "octo/missing", "number": number}, Idempotency_Key="k"
    )
    assert (asked.status, claim_of(asked)) == (403, "token.repository_id")
    assert asked.data["detail"] == unknown.data["detail"], "it cannot be told which repositories exist"


async def test_a_repository_without_the_app_is_told_so(story: Story) -> None:
    bare = story.hub.create_repository("octo/bare", source=SAMPLE)
    story.hub.set_permission(bare, "mara", "admin")
    run = await begin(replace(story, repository=bare))
    answer = await show(story, story.hub.id_tokens.mint(run, origin(story)), 1, repository="octo/bare")
    assert (answer.status, claim_of(answer)) == (403, "token.repository_id")
    assert answer.data["detail"].endswith("only where the App is installed.")


@pytest.mark.parametrize(
    ("given", "claim", "words"),
    [
        ({"oidc_issuers": []}, "iss", "trusts these issuers: none (`FORGEHAND_OIDC_ISSUERS`)"),
        ({"public_url": None}, "aud", "set `FORGEHAND_PUBLIC_URL` there"),
    ],
)
async def test_the_door_may_be_closed(tmp_path: Path, given: dict[str, Any], claim: str, words: str) -> None:
    async with within(tmp_path, SAMPLE, **given) as story:
        program = await step(story)
        answer = await program.get("/api/v1/tasks")
        assert (answer.status, claim_of(answer)) == (401, f"token.{claim}")
        assert words in answer.data["detail"]
        assert (await asker(story, story.maintainer).get("/api/v1/tasks?repository=octo/sample")).status == 200


async def test_both_forms_of_a_subject_are_as_good(story: Story) -> None:
    program = await step(story)
    assert (await program.get("/api/v1/tasks")).status == 200
    story.hub.id_tokens.old_subjects = True
    assert (await program.get("/api/v1/tasks")).status == 200


async def test_a_token_is_in_no_row_and_no_log(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    number = await story.file("A", "B", label=None)
    program = await step(story)
    await program.start("fix", number)
    token = program.token
    assert token is not None
    assert (await show(story, token, number)).status == 401
    for piece in token.split("."):
        assert piece.encode() not in (story.root / "data" / "forgehand.db").read_bytes()
        assert piece not in "".join(capfd.readouterr())
