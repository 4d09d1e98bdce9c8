"""Lead an administrator from the registered App to the first task: install it, give it a model, check it, try it."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from aiohttp import web
from pydantic import Field, SecretStr

from bot.doors.api import keys, providers
from bot.doors.api.checkup import run_checkup
from bot.doors.api.fields import KeyId, ProviderParameter, RepositoryName
from bot.doors.api.keys import KeysQuery, NewKey, StoredKeyView, TestChoice, TriedKey
from bot.doors.api.operation import Sent
from bot.doors.api.problems import Problem
from bot.doors.api.tasks import TaskQuery, list_tasks
from bot.doors.room.guard import find_origin
from bot.doors.room.health import find_checkup
from bot.doors.room.page import Answer, Moved, Pages, Shown
from bot.doors.room.visit import Visit
from bot.github.api.errors import GitHubError
from bot.github.api.scopes import COMMENT
from bot.github.resources import app as app_api
from bot.github.resources import issues, repos
from bot.github.resources.app import Installation
from bot.github.text.markers import Marker
from bot.models.providers import PROVIDERS
from bot.onboarding import installing
from bot.onboarding.callbacks import CallbackRefused
from bot.store import audit
from bot.types import JsonModel, Repository

pages = Pages("setup")
_HERE = "/room/setup"
_MOST = 100
_TITLE = "Try out Forgehand"
_BODY = """\
The set-up of Forgehand made this issue, to try it out. Close it whenever you like.

Write a comment that begins with

    /ask What does this repository do?

The answer comes below, with links to the lines that it rests on.
"""


class Place(JsonModel):
    """An account that has the App, and its first repositories there."""

    account: str
    suspended: bool
    repositories: tuple[str, ...]


class KeyForm(Sent):
    """A key for a provider of models."""

    provider: ProviderParameter
    secret: SecretStr = Field(min_length=8, max_length=4_000)


class KeyChoice(Sent):
    """The key to test."""

    key: KeyId


class TryForm(Sent):
    """The repository to try it in."""

    repository: RepositoryName


class TryQuery(Sent):
    """The throw-away issue."""

    repository: RepositoryName | None = None
    number: int | None = Field(default=None, ge=1, le=2**31)


@pages.add("GET", "/setup", access="administrator", title="Set-up", hidden=True)
async def show_install(visit: Visit) -> Answer:
    """Show where the App is installed; the page looks again by itself."""
    app = await app_api.read_app(visit.context.services.github.app)
    return Shown("setup_install.html", app=app, places=await _list_places(visit), apart=_is_apart(visit))


@pages.add("GET", "/setup/go", access="administrator", title="Install", hidden=True)
async def lead_to_github(visit: Visit) -> Answer:
    """Lead to GitHub's page where the App is installed."""
    services, session = visit.context.services, visit.caller.id
    app = await app_api.read_app(services.github.app)
    to = await installing.begin_install(services.store, session, app.html_url, services.settings.web_url)
    return web.Response(status=303, headers={"Location": to})


@pages.add("GET", "/setup/installed", access="administrator", title="Installed", hidden=True)
async def take_installation(visit: Visit) -> Answer:
    """Take what GitHub says was done; it is asked whether that is true."""
    services, session = visit.context.services, visit.caller.id
    try:
        found = await installing.confirm_install(services.store, services.github.app, session, visit.request.query)
    except CallbackRefused as refused:
        raise Problem(refused.message, status=400) from None
    if found is None:
        return Moved(_HERE, "An owner of the organisation was asked to install it. It goes on when they have.")
    account = found.account.login if found.account else str(found.id)
    return Moved(_HERE, f"GitHub says that it is installed: {account}, {found.repository_selection} repositories.")


@pages.add("GET", "/setup/model", access="administrator", title="Model", hidden=True)
async def show_model(visit: Visit) -> Answer:
    """Show which models are asked, and whether there is a key for them."""
    return await _show_model(visit)


@pages.add("POST", "/setup/model", access="administrator", title="Model", hidden=True)
async def keep_key(visit: Visit) -> Answer:
    """Test a key in stages, and keep it; one that is there gets a successor."""
    form = await visit.read_form(KeyForm)
    held = next((key for key in await _list_keys(visit) if key.provider == form.provider), None)
    try:
        if held is None:
            new = NewKey(provider=form.provider, scope="instance", secret=form.secret)
            answer = await visit.ask(keys.add_key, body=new)
        else:
            successor = keys.SecretBody(secret=form.secret)
            answer = await visit.ask(keys.rotate_key, key=held.id, body=successor)
    except Problem as problem:
        return await _show_model(visit, problem=problem.message)
    return await _show_model(visit, tried=answer.body)


@pages.add("POST", "/setup/model/test", access="administrator", title="Model", hidden=True)
async def test_key(visit: Visit) -> Answer:
    """Test a kept key, with a few tiny questions to a model."""
    form = await visit.read_form(KeyChoice)
    try:
        tried = await visit.ask(keys.test_stored_key, key=form.key, query=TestChoice(ask=True))
    except Problem as problem:
        return await _show_model(visit, problem=problem.message)
    return await _show_model(visit, tried=tried)


@pages.add("GET", "/setup/check", access="administrator", title="Check", hidden=True)
async def show_check(visit: Visit) -> Answer:
    """Show what the doctor found last."""
    return Shown("setup_check.html", found=await find_checkup(visit))


@pages.add("POST", "/setup/check", access="administrator", title="Check", hidden=True)
async def check(visit: Visit) -> Answer:
    """Have the doctor look at everything."""
    await visit.ask(run_checkup)
    return Moved(f"{_HERE}/check")


@pages.add("GET", "/setup/first", access="administrator", title="First task", hidden=True)
async def show_first(visit: Visit) -> Answer:
    """Offer a throw-away issue, or show what became of it."""
    query = visit.read_query(TryQuery)
    if query.repository is None or query.number is None:
        names = [name for place in await _list_places(visit) for name in place.repositories]
        return Shown("setup_first.html", names=names, issue=None, tasks=(), number=None)
    found = await visit.ask(list_tasks, query=TaskQuery(repository=query.repository, number=query.number, limit=5))
    issue = f"{visit.context.services.settings.web_url}/{query.repository}/issues/{query.number}"
    return Shown("setup_first.html", names=(), issue=issue, tasks=found.items, number=query.number)


@pages.add("POST", "/setup/first", access="administrator", title="First task", hidden=True)
async def make_issue(visit: Visit) -> Answer:
    """Make the throw-away issue, once in a repository."""
    form = await visit.read_form(TryForm)
    services = visit.context.services
    repository = await services.github.find_repository(form.repository)
    if repository is None:
        raise Problem(f"The App is not installed on {form.repository}.", status=404)
    number = await _ensure_issue(visit, repository)
    await services.store.run(
        audit.record,
        "try out",
        allowed=True,
        reason="An administrator of the server asked for it.",
        actor=visit.caller.actor.login,
        repository=repository.full_name,
    )
    query = urlencode({"repository": repository.full_name, "number": number})
    return Moved(f"{_HERE}/first?{query}")


async def _ensure_issue(visit: Visit, repository: Repository) -> int:
    services = visit.context.services
    client = await services.github.for_repository(repository, COMMENT)
    marker, bot = Marker(task=f"setup-{repository.id}", part="try"), await services.github.bot()
    return await issues.ensure_issue(client, repository, _TITLE, _BODY, marker=marker, bot=bot)


async def _show_model(visit: Visit, problem: str = "", tried: TriedKey | None = None) -> Shown:
    known = await visit.ask(providers.list_providers)
    asked = [model for row in known.items for model in row.models if model.roles]
    names = [row.name for row in PROVIDERS.values() if row.takes_keys]
    return Shown(
        "setup_model.html",
        status=409 if problem else 200,
        problem=problem,
        tried=tried,
        keys=await _list_keys(visit),
        asked=asked,
        ready=bool(asked) and all(model.ready for model in asked),
        providers=names,
    )


async def _list_keys(visit: Visit) -> list[StoredKeyView]:
    """List the server's own keys that are in use."""
    found = await visit.ask(keys.list_keys, query=KeysQuery())
    return [key for key in found.items if key.scope == "instance" and key.use == "current" and key.retired_at is None]


async def _list_places(visit: Visit) -> list[Place]:
    found = await app_api.list_installations(visit.context.services.github.app)
    return [await _read_place(visit, installation) for installation in found]


async def _read_place(visit: Visit, installation: Installation) -> Place:
    account = installation.account.login if installation.account else str(installation.id)
    try:
        github = visit.context.services.github
        client = await github.for_installation(installation.id, {"metadata": "read"})
        listed = await repos.list_first(client, installation.id, _MOST)
    except GitHubError:  # suspended, or removed in this moment
        return Place(account=account, suspended=True, repositories=())
    return Place(account=account, suspended=False, repositories=tuple(one.full_name for one in listed))


def _is_apart(visit: Visit) -> bool:
    """Return True if GitHub leads back to another address than this browser's."""
    origin = find_origin(visit.context.services.settings) or ""
    return urlsplit(origin).netloc != visit.request.host
