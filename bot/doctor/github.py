"""Check the App on GitHub: key, clock, permissions, events, installations, webhook and its deliveries."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.checkup import Line
from bot.doors.webhook.endpoint import PATH
from bot.github.api.access import GitHubs, open_session
from bot.github.api.client import Client
from bot.github.api.errors import BadCredentials, GitHubDown, GitHubError, NotFound
from bot.github.resources import app as app_api
from bot.github.resources.app import App, Delivery, HookConfig, Installation
from bot.github.resources.manifest import Manifest, lacking, load_manifest
from bot.onboarding import apps
from bot.sealing.port import SealError
from bot.settings import Settings
from bot.store.database import StoreError, create_engine
from bot.store.store import Store

_CLOCK_TOLERANCE = 30.0  # seconds; GitHub's docs date an App's token 60 s back to allow for drift
_RECENT_DELIVERIES = 50  # of GitHub's log, its newest
_POLL = "Without a public address run `forgehand serve --poll`, which reads the delivery log instead."


async def add_kept_app(settings: Settings) -> tuple[Settings, list[Line]]:
    """Return settings with the kept App, or why it cannot be read."""
    if apps.has_own_app(settings):
        return settings, []
    try:
        store = Store(create_engine(settings.database))
    except OSError:  # told by the line of the data directory
        return settings, []
    try:
        await asyncio.to_thread(store.migrate)
        return await apps.complete(settings, store), []
    except SealError as error:
        text = f"The App that the set-up kept cannot be opened. {error.message}"
        return settings, [Line(level="fail", subject="App", text=text)]
    except StoreError:  # told by the line of the database
        return settings, []
    finally:
        store.close()


async def check_github(settings: Settings) -> list[Line]:
    """Ask GitHub about the App these settings name, as the App."""
    if settings.app_id is None or settings.private_key is None:
        text = "FORGEHAND_APP_ID and FORGEHAND_PRIVATE_KEY are not set. Run `forgehand setup` to create the App."
        return [Line(level="fail", subject="App", text=text)]
    url = f"{settings.public_url.rstrip('/')}{PATH}" if settings.public_url else None
    async with open_session() as session:
        try:
            github = GitHubs.as_app(session, settings.api_url, settings.app_id, settings.private_key.get_secret_value())
        except BadCredentials as error:
            return [Line(level="fail", subject="App", text=error.message)]
        lines = await check_app(github, load_manifest())
        if any(line.level == "fail" and line.subject == "App" for line in lines):
            return lines
        has_secret = bool(settings.webhook_secrets)
        return [*lines, *await check_hook(github.app, url, has_secret=has_secret, poll=settings.poll)]


async def check_app(github: GitHubs, manifest: Manifest) -> list[Line]:
    """Check key, clock, permissions, events, installations, if let in."""
    try:
        app = await app_api.read_app(github.app)
    except GitHubError as error:
        return [_explain_refusal(error)]
    owner = f", owned by {app.owner.login}" if app.owner else ""
    known = Line(level="ok", subject="App", text=f"GitHub knows this key as {app.name} (id {app.id}{owner}).")
    lines = [
        known,
        _check_clock(github.clock_skew),
        _check_permissions(app, manifest),
        _check_events(app.events, manifest),
    ]
    found = await app_api.list_installations(github.app)
    if not found:
        text = f"The App is not installed anywhere; open {app.html_url}/installations/new and choose repositories."
        lines.append(Line(level="warn", subject="Installations", text=text))
    return lines + [_check_installation(each, app) for each in found]


async def check_hook(client: Client, expected_url: str | None, *, has_secret: bool, poll: bool = False) -> list[Line]:
    """Check the webhook and its deliveries; ``expected_url``: where we listen."""
    try:
        hook = await app_api.read_hook(client)
        recent = await _read_recent(client)
    except NotFound:
        return [Line(level="ok" if poll else "warn", subject="Webhook", text=f"The App has none. {_POLL}")]
    except GitHubError as error:
        return [Line(level="fail", subject="Webhook", text=error.message)]
    return [
        _check_address(hook, expected_url, poll=poll),
        _check_secret(hook, has_secret=has_secret, poll=poll),
        _check_answers(recent, poll=poll),
        *_check_ping(recent, poll=poll),
    ]


async def _read_recent(client: Client) -> list[Delivery]:
    found: list[Delivery] = []
    async for each in app_api.deliveries(client):
        found.append(each)
        if len(found) == _RECENT_DELIVERIES:
            break
    return found


def _explain_refusal(error: GitHubError) -> Line:
    if isinstance(error, BadCredentials | NotFound):
        text = (
            "GitHub does not accept the App id with this private key. Compare FORGEHAND_APP_ID with the App's settings "
            f"page and, if it is right, make a new private key there. {error.message}"
        )
        return Line(level="fail", subject="App", text=text)
    advice = " Check the network and the API address." if isinstance(error, GitHubDown) else ""
    return Line(level="fail", subject="App", text=error.message + advice)


def _check_clock(skew: float) -> Line:
    if abs(skew) <= _CLOCK_TOLERANCE:
        return Line(level="ok", subject="Clock", text="This machine's clock agrees with GitHub's.")
    side = "behind" if skew > 0 else "ahead of"
    text = (
        f"This machine's clock is {abs(skew):.0f} s {side} GitHub's; we allow for it, but turn on time synchronisation."
    )
    return Line(level="warn", subject="Clock", text=text)


def _check_permissions(app: App, manifest: Manifest) -> Line:
    granted = app.permissions
    missing = lacking(granted, manifest.levels())
    if missing:
        asked = ", ".join(f"{name}: {level} ({manifest.permissions[name].why})" for name, level in missing.items())
        text = f"The App lacks {asked} Add it under Permissions & events; each installation must then accept it."
        return Line(level="fail", subject="Permissions", text=text)
    groups = [
        name
        for name, group in manifest.optional.items()
        if not lacking(granted, manifest.levels([name])) and set(group.events) <= set(app.events)
    ]
    optional = f" Optional groups covered: {', '.join(groups)}." if groups else ""
    listed = ", ".join(f"{name}: {level}" for name, level in sorted(granted.items()))
    return Line(level="ok", subject="Permissions", text=f"The App has every permission it needs: {listed}.{optional}")


def _check_events(subscribed: Sequence[str], manifest: Manifest) -> Line:
    missing = [f"{event} ({why})" for event, why in manifest.events.items() if event not in subscribed]
    if missing:
        text = f"The App does not receive {', '.join(missing)} Tick it under Permissions & events."
        return Line(level="warn", subject="Events", text=text)
    return Line(
        level="ok",
        subject="Events",
        text=f"The App is subscribed to every event it needs: {', '.join(sorted(subscribed))}.",
    )


def _check_installation(installation: Installation, app: App) -> Line:
    where = installation.account.login if installation.account else f"installation {installation.id}"
    if installation.suspended:
        return Line(level="warn", subject="Installations", text=f"{where}: suspended; its owner can lift that.")
    waiting = lacking(installation.permissions, app.permissions)
    if waiting:
        text = f"{where}: the owner has not accepted {', '.join(waiting)}; GitHub shows the request in its settings."
        return Line(level="warn", subject="Installations", text=text)
    return Line(level="ok", subject="Installations", text=f"{where}: {installation.repository_selection} repositories.")


def _check_address(hook: HookConfig, expected_url: str | None, *, poll: bool) -> Line:
    if not hook.url:
        return Line(level="ok" if poll else "warn", subject="Webhook", text=f"The App has no webhook URL. {_POLL}")
    if hook.content_type != "json":
        text = f"Deliveries are sent as {hook.content_type}; choose application/json on the App's settings page."
        return Line(level="fail", subject="Webhook", text=text)
    if expected_url is not None and hook.url != expected_url:
        text = f"GitHub sends to {hook.url}, but this server is at {expected_url}; correct one of them."
        return Line(level="fail", subject="Webhook", text=text)
    return Line(level="ok", subject="Webhook", text=f"GitHub sends to {hook.url}.")


def _check_secret(hook: HookConfig, *, has_secret: bool, poll: bool) -> Line:
    if poll and not hook.url:
        return Line(level="ok", subject="Webhook secret", text="Not needed: deliveries are read from GitHub's log.")
    if hook.secret and has_secret:
        return Line(
            level="ok",
            subject="Webhook secret",
            text="Set on both sides; the deliveries below show whether they agree.",
        )
    side = "this server (FORGEHAND_WEBHOOK_SECRETS)" if hook.secret else "GitHub's App settings page"
    return Line(level="fail", subject="Webhook secret", text=f"Not set on {side}; set the same secret on both sides.")


def _check_answers(recent: Sequence[Delivery], *, poll: bool) -> Line:
    answered = {each.guid for each in recent if each.ok}
    failed = [each for each in recent if each.guid not in answered]
    if not recent:
        return Line(level="ok", subject="Deliveries", text="None in GitHub's log yet.")
    if not failed or poll:
        return Line(level="ok", subject="Deliveries", text=f"{len(recent)} in GitHub's log, {len(failed)} unanswered.")
    last = failed[0]
    hint = " 401 means that the secrets differ." if last.status_code == 401 else ""
    text = f"{len(failed)} of the last {len(recent)} failed, the newest with {last.status or last.status_code}.{hint}"
    return Line(level="warn", subject="Deliveries", text=f"{text} They are fetched again while the server runs.")


def _check_ping(recent: Sequence[Delivery], *, poll: bool) -> list[Line]:
    """Say whether the ping arrived that GitHub sends when an App is made.

    It stands in GitHub's log for three days.
    """
    pings = [each for each in recent if each.event == "ping"]
    if poll or not pings:
        return []
    if any(each.ok for each in pings):
        return [
            Line(level="ok", subject="Ping", text="GitHub's ping reached this server, and its signature was right.")
        ]
    said = pings[0].status or pings[0].status_code
    text = (
        f"GitHub's ping did not arrive ({said}): it cannot reach this server. Look at the proxy and at the public "
        "address. It is sent again while the server runs."
    )
    return [Line(level="warn", subject="Ping", text=text)]
