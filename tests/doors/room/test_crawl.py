"""Every page of the room as everybody: who is let in is what its record says, and nothing anywhere holds a secret."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.doors.api.application import list_operations
from bot.doors.api.tokens import make_local_token
from bot.doors.room.application import list_pages
from bot.doors.room.page import Page
from bot.store import artifacts, sessions, tasks
from bot.work.artifacts import make
from handlers import HANDLERS
from tests.doors.api.test_permissions import path_of
from tests.doors.room.places import ARTIFACT, FORMS, NO_PAGES, fill, list_shown
from tests.doors.room.test_sign_in import signed_in
from tests.e2e.conftest import SAMPLE
from tests.support.api import Answer, Asker, asker, opened
from tests.support.room import Visitor, visitor
from tests.support.story import SECRET, Story
from tests.support.within import within

PLANTED = "sk-ant-api03-" + "planted-in-the-settings-0123456789"
SENT = "sk-ant-api03-" + "sent-in-a-form-0123456789"
ROLES = ("nobody", "stranger", "reader", "writer", "owner", "administrator", "local")
# Who is let in, by what a page says. The local administrator has no account: nothing is done on GitHub for nobody,
# but every task can be stopped, and every key managed.
ALLOWED = {
    "anyone": set(ROLES),
    "person": set(ROLES) - {"nobody"},
    "reader": {"reader", "writer", "owner", "administrator", "local"},
    "writer": {"writer", "owner", "administrator"},
    "stopper": {"writer", "owner", "administrator", "local"},
    "owner": {"owner", "administrator", "local"},
    "administrator": {"administrator", "local"},
}
# These look at what the form says before they look at who it is; they have tests of their own.
APART = {("POST", "/sign-in"), ("GET", "/sign-in/back"), ("POST", "/sign-out"), ("GET", "/live")}  # that has no end


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with within(tmp_path, SAMPLE, administrators=["mara"], anthropic_api_key=PLANTED) as story:
        yield story


async def everybody(story: Story) -> dict[str, Visitor]:
    story.repository.private = True
    people: dict[str, Visitor] = {"nobody": Visitor(story)}
    for name, role in (("stranger", "none"), ("reader", "read"), ("writer", "write"), ("owner", "admin")):
        account = story.hub.create_user(f"a-{name}")
        story.hub.set_permission(story.repository, account.login, role)
        people[name] = await visitor(story, account)
    people["administrator"] = await visitor(story, story.maintainer)
    people["local"] = await visitor(story, None)
    return people


def is_in(page: Page, answer: Answer) -> bool:
    """Whether somebody was let in; what is one's own may be missing."""
    own = page.access in {"person", "anyone"}
    away = answer.status == 303 and answer.headers["Location"].startswith("/room/sign-in")
    return not away and answer.status != 403 and (answer.status != 404 or own)


async def act_with_secrets(story: Story, task: str, browser: Visitor, program: Asker) -> list[tuple[str, Answer]]:
    """The answers to every act of the room and the API, sent with a secret in its form and about an issue with one."""
    number = await story.file(f"Is {PLANTED} safe?", "`total` is wrong", label=None)
    sent = {"secret": SENT, "token": SENT, "value": SENT, "key": SENT}
    answers = []
    for page in (each for each in list_pages() if each.method == "POST" and each.path != "/sign-out"):
        path = fill(page.path, story, task)
        for form in (sent, {**FORMS.get(page.path.rpartition("/")[2], {}), "secret": SENT}):
            answers.append((path, await browser.post(path, form)))
    about = {"repository": story.repository.full_name, "number": number}
    for operation in (each for each in list_operations(HANDLERS.registry) if each.method != "GET" and each.scope):
        path = path_of(operation, task)
        for body in (sent, about):
            key = f"{len(answers)}"
            answers.append((path, await program.ask(operation.method, path, body, Idempotency_Key=key)))
    assert {answer.status for _, answer in answers} >= {202, 303, 400}
    return answers


async def test_who_is_let_in_is_what_the_record_says(story: Story, capfd: pytest.CaptureFixture[str]) -> None:
    number = await story.file("Cents are lost", "`total` is wrong", label=None)
    story.script.on({"text": "ready"}, text="Answer with the word", reusable=True)
    program = asker(story, story.maintainer, "read", "run", "admin")
    task = (await program.start("ask", number, text=f"Why is {PLANTED} here?")).data["id"]
    local = make_local_token()
    with opened(story) as store:
        store.run_sync(lambda connection: sessions.replace_local(connection, local.digest))
        result = {"state": "failed", "summary": f"It said {PLANTED}.", "data": {"report": PLANTED}}
        patch = make(ARTIFACT, "patch", f"--- a/a.py\n+++ b/a.py\n+key = '{PLANTED}'\n", (PLANTED,))
        store.run_sync(lambda connection: artifacts.put(connection, task, patch.row, patch.text))
        store.run_sync(lambda connection: tasks.close(connection, task, "failed", result))
    people = await everybody(story)
    people["administrator"] = await signed_in(story, story.maintainer)
    secrets = [PLANTED, program.token, local.text, SECRET, story.app.client_secret, story.app.private_key[40:90]]
    secrets += [one for each in people.values() for one in each.cookies.values()]
    secrets += [*story.hub.world.app_tokens, *story.hub.world.tokens]
    wrong, told = [], []
    pages = sorted(list_pages(), key=lambda page: (page.method, page.path))
    for page in (each for each in pages if (each.method, each.path) not in APART):
        path = fill(page.path, story, task)
        for role, browser in people.items():
            form = FORMS.get(page.path.rpartition("/")[2], {}) if page.method == "POST" else None
            answer = await browser.ask(page.method, path, form)
            assert answer.status < 500, (page.method, path, role, answer.text)
            if is_in(page, answer) != (role in ALLOWED[page.access]):
                wrong.append((page.method, path, page.access, role, answer.status))
            body = f"{answer.text}\n{answer.headers}"
            told += [(path, role, secret[:12]) for secret in secrets if secret and secret in body]
    assert wrong == [], wrong
    assert len(secrets) > 12
    for operation in (each for each in list_operations(HANDLERS.registry) if each.method == "GET" and each.scope):
        path = path_of(operation, task)
        answer = await program.get(path)
        told += [(path, "program", secret[:12]) for secret in secrets if secret and secret in answer.text]
    secrets.append(SENT)
    for path, answer in await act_with_secrets(story, task, people["administrator"], program):
        body = f"{answer.text}\n{answer.headers}"
        told += [(path, answer.status, secret[:12]) for secret in secrets if secret and secret in body]
    assert told == []
    output, errors = capfd.readouterr()
    dump = b"".join(file.read_bytes() for file in (story.root / "data").glob("forgehand.db*"))
    assert [secret[:12] for secret in secrets if secret and secret in output + errors] == []
    # the first was written by people, into a question and what came of it: that is kept as it was said
    assert [secret[:12] for secret in secrets[1:] if secret and secret.encode() in dump] == []


def test_every_page_says_who_it_is_for() -> None:
    pages = list_pages()
    assert len({(page.method, page.path) for page in pages}) == len(pages)
    assert {page.access for page in pages} <= set(ALLOWED)
    known = {page.path for page in list_shown()} | set(NO_PAGES)
    assert known == {page.path for page in pages if page.method == "GET"}, "all others are known"
    named = {page.path for page in pages if page.place}
    assert named <= {page.path for page in list_shown()}, "what the navigation names is a page"
    for page in pages:
        assert page.place is None or (page.method == "GET" and "{" not in page.path), page.path
        assert page.method == "GET" or page.access != "anyone" or page.path == "/sign-in", page.path
